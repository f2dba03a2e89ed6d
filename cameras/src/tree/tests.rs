use super::Tree;

fn tree(json: &str) -> Tree {
    crate::Body::parse(json.as_bytes(), None).unwrap().documents.remove(0).tree
}

#[test]
fn a_path_steps_into_maps_and_lists() {
    let tree = tree(r#"{"a": {"b": [{"c": 1}, {"c": "two"}]}, "n": null}"#);
    assert_eq!(tree.integer("a.b.0.c"), Some(1));
    assert_eq!(tree.text("a.b.1.c").as_deref(), Some("two"));
    assert_eq!(tree.integer("a.b.c"), Some(1));
    assert_eq!(tree.all("a.b").len(), 2);
    for nothing in ["n", "n.m", "a.x", "a.b.2", "a.b.0.c.d", "", "."] {
        assert!(!tree.has(nothing) && tree.all(nothing).is_empty(), "{nothing:?}");
    }
}

#[test]
fn a_value_is_taken_as_it_is_needed() {
    let tree = tree(
        r#"{"number": 7, "float": 7.5, "text": " 7 ", "word": "x", "empty": " ", "list": [7], "yes": true}"#,
    );
    for seven in ["number", "text"] {
        assert_eq!((tree.integer(seven), tree.number(seven)), (Some(7), Some(7.0)), "{seven}");
        assert_eq!(tree.name(seven).as_deref(), Some("7"), "{seven}");
    }
    assert_eq!((tree.integer("float"), tree.number("float")), (None, Some(7.5)));
    assert_eq!((tree.integer("word"), tree.number("word")), (None, None));
    assert_eq!((tree.text("empty").as_deref(), tree.name("empty")), (Some(""), None));
    assert_eq!((tree.text("list"), tree.text("yes")), (None, None));
}

#[test]
fn a_flag_is_said_in_many_ways() {
    let tree = tree(
        r#"{"yes": [true, 1, "1", "true", "Yes"], "no": [false, 0, "0", "no", "", null, {}]}"#,
    );
    for index in 0..5 {
        assert!(tree.flag(&format!("yes.{index}")), "{index}");
    }
    for index in 0..8 {
        assert!(!tree.flag(&format!("no.{index}")), "{index}");
    }
}

#[test]
fn a_share_is_of_the_first_scale_that_it_fits() {
    let tree = tree(r#"{"a": 1, "b": 1.5, "c": "101", "d": -0.1, "e": 1000}"#);
    let share = |path| tree.share(path, &[1.0, 100.0, 999.0]);
    assert_eq!((share("a"), share("b")), (Some(1.0), Some(0.015)));
    assert_eq!((share("c"), share("d"), share("e")), (Some(101.0 / 999.0), Some(0.0), Some(0.0)));
}

#[test]
fn a_share_that_is_said_and_is_none_passes_no_limit() {
    let tree = tree(
        r#"{"said": [101, -1, "high", "NaN", 1e300, [1], {"a": 1}, true, "0,5,5", "120 %"],
            "not": [null, "", " - ", "unknown", "N/A", [], {}, "Null"], "ok": ["0,5", "50 %", " 0.5 "]}"#,
    );
    for index in 0..10 {
        assert_eq!(tree.share(&format!("said.{index}"), &[1.0, 100.0]), Some(0.0), "{index}");
    }
    for index in 0..8 {
        assert_eq!(tree.share(&format!("not.{index}"), &[1.0, 100.0]), None, "{index}");
    }
    for index in 0..3 {
        assert_eq!(tree.share(&format!("ok.{index}"), &[1.0, 100.0]), Some(0.5), "{index}");
    }
}

#[test]
fn a_fixed_word_has_no_case() {
    use super::is_word;
    assert!(is_word("LPR", "lpr") && is_word(" lpr ", "LPR") && is_word("无牌车", "无牌车"));
    assert!(is_word("TrafficGate", "traffic*") && is_word("System.KeepAlive", "*keepalive"));
    assert!(!is_word("lprs", "lpr") && !is_word("", "lpr") && !is_word("xTraffic", "traffic*"));
}
