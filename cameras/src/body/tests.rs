use super::{
    BYTES_MAX, BadBody, Body, DEPTH_MAX, Document, Format, PARTS_MAX, TEXT_BYTES_MAX, VALUES_MAX,
};
use crate::tree::Tree;

fn parse(text: &str) -> Result<Body, BadBody> {
    Body::parse(text.as_bytes(), None)
}

fn document(text: &str) -> Document {
    let mut body = parse(text).unwrap();
    assert_eq!(body.documents.len(), 1, "{body:?}");
    body.documents.remove(0)
}

fn plate(body: &[u8], content_type: Option<&str>) -> Option<String> {
    Body::parse(body, content_type).unwrap().documents[0].tree.text("plate")
}

#[test]
fn the_content_decides_and_not_what_the_camera_calls_it() {
    for content_type in [
        None,
        Some("application/json"),
        Some("text/plain"),
        Some("application/x-www-form-urlencoded"),
        Some("multipart/form-data"),
        Some("image/jpeg"),
        Some("application/xml; charset=utf-8"),
        Some(";;=;"),
    ] {
        assert_eq!(
            plate(br#"{"plate":"KX 1"}"#, content_type).unwrap(),
            "KX 1",
            "{content_type:?}"
        );
        assert_eq!(plate(b"<a><plate>KX 1</plate></a>", content_type).unwrap(), "KX 1");
        if content_type != Some("image/jpeg") {
            assert_eq!(plate(b"plate=KX%201&b=2", content_type).unwrap(), "KX 1");
        }
    }
}

#[test]
fn a_body_without_data_says_so() {
    assert_eq!(parse("").unwrap_err(), BadBody::Empty);
    assert_eq!(parse(" \r\n\u{feff}").unwrap_err(), BadBody::Unknown);
    assert_eq!(parse("\u{feff} \r\n").unwrap_err(), BadBody::Empty);
    assert_eq!(parse("hello").unwrap_err(), BadBody::Unknown);
    assert_eq!(parse("KX 2041 seen!? = 1").unwrap_err(), BadBody::Unknown);
    let jpeg = b"\xFF\xD8\xFF\xE0\x00\x10JFIF";
    assert_eq!(Body::parse(jpeg, None).unwrap_err(), BadBody::OnlyPictures);
    let pictures = [b"--b\r\nContent-Type: image/jpeg\r\n\r\n", &jpeg[..], b"\r\n--b--"].concat();
    let pictures = Body::parse(&pictures, Some("multipart/form-data; boundary=b"));
    assert_eq!(pictures.unwrap_err(), BadBody::OnlyPictures);
}

#[test]
fn every_bound_is_held() {
    let too_large = vec![b' '; BYTES_MAX + 1];
    assert_eq!(Body::parse(&too_large, None).unwrap_err(), BadBody::TooLarge(BYTES_MAX + 1));

    let deep = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(parse(&deep(DEPTH_MAX)).is_ok());
    assert_eq!(parse(&deep(DEPTH_MAX + 1)).unwrap_err(), BadBody::TooDeep);
    assert_eq!(parse(&deep(1_000_000)).unwrap_err(), BadBody::TooDeep);
    let deep = |depth: usize| format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth));
    assert!(parse(&deep(DEPTH_MAX)).is_ok());
    assert_eq!(parse(&deep(DEPTH_MAX + 1)).unwrap_err(), BadBody::TooDeep);
    let deep = format!("a[0].{}c=1\nb=2", "b.".repeat(DEPTH_MAX));
    assert_eq!(parse(&deep).unwrap_err(), BadBody::TooDeep);

    let many = format!("[{}[]]", "[\"\"],".repeat(VALUES_MAX));
    assert_eq!(parse(&many).unwrap_err(), BadBody::TooManyValues);
    let many = format!("<a>{}</a>", "<b/>".repeat(VALUES_MAX));
    assert_eq!(parse(&many).unwrap_err(), BadBody::TooManyValues);
    let numbers: Vec<String> = (0..=VALUES_MAX).map(|number| number.to_string()).collect();
    assert_eq!(
        parse(&format!("<a a{}=''/>", numbers.join("='' a"))).unwrap_err(),
        BadBody::TooManyValues
    );
    assert_eq!(parse(&format!("a{}=1", numbers.join("=1&a"))).unwrap_err(), BadBody::TooManyValues);
    assert_eq!(
        parse(&format!("a{}=1", numbers.join("=1\na"))).unwrap_err(),
        BadBody::TooManyValues
    );
    assert_eq!(parse("a[4000000000].b=1\nb=2").unwrap_err(), BadBody::TooManyValues);

    let parts = "--b\r\n\r\n{}\r\n".repeat(PARTS_MAX);
    assert_eq!(parse(&format!("{parts}--b--")).unwrap().documents.len(), PARTS_MAX);
    assert_eq!(
        parse(&format!("{parts}--b\r\n\r\n{{}}\r\n--b--")).unwrap_err(),
        BadBody::TooManyParts
    );
}

#[test]
fn a_text_as_long_as_a_picture_is_not_kept() {
    let long = "A".repeat(TEXT_BYTES_MAX + 1);
    for body in [
        format!(r#"{{"plate":"KX 1","image":"{long}"}}"#),
        format!("<a><plate>KX 1</plate><image>{long}</image></a>"),
        format!("<a><plate>KX 1</plate><image>{}&amp;{}</image></a>", &long[1..], "A"),
        format!("plate=KX+1&image={long}"),
    ] {
        let tree = document(&body).tree;
        assert_eq!(tree.text("plate").unwrap(), "KX 1");
        assert!(matches!(tree.get("image"), Some(Tree::Omitted(n)) if *n > TEXT_BYTES_MAX));
        assert_eq!(tree.text("image"), None);
    }
}

#[test]
fn numbers_beyond_all_bounds_are_errors_or_numbers_and_never_panics() {
    assert!(matches!(parse("{\"a\":1e999}"), Err(BadBody::NotJson(_))));
    assert_eq!(document("{\"a\":18446744073709551615}").tree.integer("a"), None);
    assert!(document("{\"a\":123456789012345678901234567890}").tree.number("a").is_some());
    assert_eq!(document("{\"a\":\"1e999\"}").tree.number("a"), None);
}

#[test]
fn json_that_is_broken_is_told_by_its_place_alone() {
    let error = parse("{\"vehicle_plate\":\n \"KX 2041\" \"x\"}").unwrap_err().to_string();
    assert_eq!(error, "the body is no JSON: expected `,` or `}`, line 2, column 12");
    assert!(matches!(parse("{} {}"), Err(BadBody::NotJson(_))));
}

#[test]
fn xml_is_read_by_local_names_with_attributes_text_and_entities() {
    let tree = document(
        "<?xml version=\"1.0\"?><!-- hi --><h:a xmlns:h=\"urn:x\" h:id=\"7\">\
         <h:b k=\"1 &lt; 2\">x &amp; y</h:b><b><![CDATA[<z>]]></b><c/><d>&#65;&#x42;</d></h:a>",
    );
    assert_eq!((tree.format, tree.name.as_str()), (Format::Xml, "a"));
    let tree = tree.tree;
    assert_eq!(tree.text("@id").unwrap(), "7");
    assert_eq!(tree.text("b").unwrap(), "x & y");
    assert_eq!(tree.text("b.@k").unwrap(), "1 < 2");
    assert_eq!(tree.all("b")[1].as_text().unwrap(), "<z>");
    assert_eq!(tree.text("c").unwrap(), "");
    assert_eq!(tree.text("d").unwrap(), "AB");
}

#[test]
fn xml_expands_nothing_and_has_no_document_type() {
    let bomb = "<!DOCTYPE a [<!ENTITY b \"cccc\">]><a>&b;</a>";
    assert_eq!(parse(bomb).unwrap_err(), BadBody::Doctype);
    assert_eq!(parse("<!DOCTYPE html><html></html>").unwrap_err(), BadBody::Doctype);
    assert!(matches!(parse("<a>&b;</a>"), Err(BadBody::NotXml(..))));
    assert!(matches!(parse("<a b=\"&c;\"/>"), Err(BadBody::NotXml(..))));
}

#[test]
fn xml_that_is_broken_is_told_by_its_place_alone() {
    for broken in ["<a>", "<a></b>", "<a/><b/>", "<a><b></a>", "<", "<a b></a>", "<!-- -->", "<a>x"]
    {
        let error = parse(broken).unwrap_err();
        assert!(matches!(error, BadBody::NotXml(..)), "{broken}: {error}");
    }
    // A camera's name as an operator writes it.
    assert_eq!(document("<a><n>Gate A & B</n></a>").tree.text("n").unwrap(), "Gate A & B");
}

#[test]
fn lines_become_a_tree() {
    let tree = document(
        "Events[0].Code=X\r\nEvents[0].Car.Plate= KX=1 \r\nno value\r\nEvents[1].Code=Y\r\n\
         Events[0].Code=Z\r\nEvents=1\r\nEvents[0].Code.deeper=1\r\n",
    );
    assert_eq!(tree.format, Format::KeyValue);
    let tree = tree.tree;
    assert_eq!(tree.all("Events").len(), 2);
    assert_eq!(tree.text("Events.0.Code").unwrap(), "X");
    assert_eq!(tree.text("Events.Car.Plate").unwrap(), "KX=1");
    assert_eq!(tree.text("Events.1.Code").unwrap(), "Y");
}

#[test]
fn a_multipart_body_is_read_however_carelessly_it_is_written() {
    let picture = "Content-Type: image/jpeg\r\n\r\n\u{1}\u{2}--not a boundary\r\n";
    let json = r#"{"plate":"KX 1"}"#;
    for (content_type, body) in [
        // As it should be.
        (
            Some("multipart/form-data; boundary=\"b 0\""),
            format!(
                "--b 0\r\nContent-Disposition: form-data; name=\"e\"\r\n\r\n{json}\r\n\
                 --b 0\r\n{picture}--b 0--\r\n"
            ),
        ),
        // A boundary that is declared otherwise, or not at all.
        (Some("multipart/mixed; boundary=--b0"), format!("--b0\r\n\r\n{json}\r\n--b0--")),
        (Some("multipart/mixed; boundary=else"), format!("--b0\r\n\r\n{json}\r\n--b0--")),
        (Some("multipart/mixed"), format!("--b0\r\n\r\n{json}\r\n--b0--")),
        (None, format!("\r\n--b0\r\n{picture}--b0\r\n\r\n{json}\r\n--b0--")),
        // Half of each line's end, no last delimiter, no header.
        (None, format!("--b0\nContent-Type: text/plain\n\n{json}\n--b0--\n")),
        (
            None,
            format!("--b0\r\nContent-Type: application/json\r\n\r\n{json}\r\n--b0\r\n{picture}"),
        ),
        (None, format!("--b0\r\n\r\n{json}")),
        (None, format!("--b0\r\n{json}\r\n--b0--")),
        // A picture that is said to be data, beside data that is said to be a picture.
        (None, format!("--b0\r\nContent-Type: image/jpeg\r\n\r\n{json}\r\n--b0--")),
    ] {
        let body =
            Body::parse(body.as_bytes(), content_type).unwrap_or_else(|e| panic!("{e}: {body}"));
        assert_eq!(body.documents.len(), 1, "{body:?}");
        assert_eq!(body.documents[0].tree.text("plate").unwrap(), "KX 1");
    }
}

#[test]
fn the_fields_of_a_multipart_form_are_one_document() {
    let field = |name, value| {
        format!("--b0\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let body = format!("{}{}--b0--\r\n", field("serialno", "c0"), field("ipaddr", "10.20.0.52"));
    let tree = document(&body).tree;
    assert_eq!(tree.text("serialno").unwrap(), "c0");
    assert_eq!(tree.text("ipaddr").unwrap(), "10.20.0.52");
}

#[test]
fn a_broken_document_is_not_lost_beside_a_good_one() {
    let body = "--b\r\n\r\n{\"a\":1}\r\n--b\r\n\r\n{\"plate\":\r\n--b--";
    assert!(matches!(parse(body), Err(BadBody::NotJson(_))));
}

#[test]
fn a_text_is_read_in_the_encoding_it_has() {
    let json = "{\"plate\":\"京A 12É\"}";
    let utf16 = |to: fn(u16) -> [u8; 2]| json.encode_utf16().flat_map(to).collect::<Vec<_>>();
    let with_mark = |mark: &[u8], bytes: &[u8]| [mark, bytes].concat();
    for (bytes, content_type) in [
        (json.as_bytes().to_vec(), None),
        (json.as_bytes().to_vec(), Some("application/json; charset=iso-8859-1")),
        (with_mark(b"\xEF\xBB\xBF", json.as_bytes()), None),
        (utf16(u16::to_le_bytes), None),
        (utf16(u16::to_be_bytes), None),
        (with_mark(b"\xFF\xFE", &utf16(u16::to_le_bytes)), None),
        (with_mark(b"\xFE\xFF", &utf16(u16::to_be_bytes)), None),
    ] {
        assert_eq!(plate(&bytes, content_type).unwrap(), "京A 12É", "{content_type:?}");
    }
    // 京 in GB2312, as the header says or as the document itself does.
    let gb = b"{\"plate\":\"\xBE\xA9A 1\"}";
    assert_eq!(plate(gb, Some("application/json; charset=GB2312")).unwrap(), "京A 1");
    let gb = b"<?xml version=\"1.0\" encoding='gb2312'?><a><plate>\xBE\xA9A 1</plate></a>";
    assert_eq!(plate(gb, None).unwrap(), "京A 1");
    // Without a word of it: what stands there now is refused as a plate.
    let body = Body::parse(b"{\"plate\":\"\xBE\xA9A 1\"}", None).unwrap();
    assert!(body.is_damaged);
    assert_eq!(body.documents[0].tree.text("plate").unwrap(), "\u{fffd}\u{fffd}A 1");
}

#[test]
fn of_a_long_list_of_numbers_the_beginning_is_kept() {
    let long = format!("[{}0]", "0,".repeat(1_000_000));
    let tree = document(&long).tree;
    assert!(matches!(&tree, Tree::List(items) if items.len() == super::ITEMS_KEPT));
    // Each within the other, the kept ones count.
    let row = format!("[{}0]", "0,".repeat(super::ITEMS_KEPT));
    let rows = format!("[{}]", vec![row; 200].join(","));
    assert_eq!(parse(&rows).unwrap_err(), BadBody::TooManyValues);
}

#[test]
fn base64_is_read_as_cameras_write_it() {
    use super::base64::decode;
    for text in ["S1ggMjA0MQ==", "S1gg\r\nMjA0\r\nMQ==\r\n", "S1ggMjA0MQ"] {
        assert_eq!(decode(text.as_bytes()).unwrap(), b"KX 2041", "{text}");
    }
    assert_eq!(decode(b"_-8=").unwrap(), decode(b"/+8=").unwrap());
    for broken in ["KX 2041!", "S", "S1==S1gg", "S1h="] {
        assert_eq!(decode(broken.as_bytes()), None, "{broken}");
    }
    assert_eq!(decode(b"").unwrap(), b"");
}
