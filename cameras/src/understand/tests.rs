use super::{NotUnderstood, understand};
use crate::testing::{plate, vendor};
use crate::{BadBody, Message, PlateText};

fn plate_of(
    body: &[u8],
    content_type: Option<&str>,
    name: Option<&str>,
) -> Result<PlateText, NotUnderstood> {
    match understand(body, content_type, name.map(vendor))?.message {
        Message::Reads(mut reads) => Ok(reads.swap_remove(0).plate),
        other => panic!("{other:?}"),
    }
}

/// An ITSAPI message with these bytes as its plate.
fn itsapi(plate: &[u8]) -> Vec<u8> {
    let before = br#"{"Picture":{"Plate":{"IsExist":true,"PlateNumber":""#;
    let after = br#""},"SnapInfo":{"AccurateTime":"2026-03-02 08:15:30"}}}"#;
    [&before[..], plate, after].concat()
}

#[test]
fn a_plate_of_china_is_read_whatever_its_encoding_is_called() {
    // 粤B20H41.
    let gb = itsapi(b"\xD4\xC1B20H41");
    for content_type in [
        None,
        Some("application/json"),
        Some("application/json; charset=utf-8"),
        Some("application/json; charset=GB2312"),
        Some("application/json; charset=ISO-8859-1"),
        Some("application/json; charset=nonsense"),
    ] {
        for name in [None, Some("dahua")] {
            let read = plate_of(&gb, content_type, name);
            assert_eq!(read, Ok(plate("粤B20H41")), "{content_type:?} {name:?}");
        }
    }
    let declared = Some("application/json; charset=GB2312");
    assert_eq!(plate_of(&itsapi("粤B20H41".as_bytes()), declared, None), Ok(plate("粤B20H41")));
    let xml = b"<?xml version='1.0' encoding='UTF-8'?><data><lprInfo><passTime>2026-03-02 08:15:30\
        </passTime></lprInfo><lpaResult><plateNo>\xD4\xC1B20H41</plateNo></lpaResult></data>";
    assert_eq!(plate_of(xml, None, None), Ok(plate("粤B20H41")));
    let form = b"vehicle_plate=%D4%C1B20H41&date_time=2026-03-02T07:15:30Z";
    assert_eq!(plate_of(form, None, Some("template")), Err(BadBody::NotUtf8.into()));
}

#[test]
fn an_umlaut_of_latin_1_is_read_with_any_vendor() {
    let own = b"{\"vehicle_plate\":\"M\xDC-AB 204\",\"entry_date_time\":\"2026-03-02T07:15:30Z\"}";
    for content_type in
        [None, Some("application/json; charset=utf-8"), Some("text/plain; charset=latin1")]
    {
        assert_eq!(plate_of(own, content_type, None), Ok(plate("MÜ-AB 204")), "{content_type:?}");
        // Also where it would be half a character of another encoding.
        assert_eq!(plate_of(&itsapi(b"M\xDCAB204"), content_type, None), Ok(plate("MÜAB204")));
    }
}

#[test]
fn a_plate_in_no_encoding_is_refused_and_not_unread() {
    let own = |plate: &[u8]| {
        let after = b"\",\"entry_date_time\":\"2026-03-02T07:15:30Z\"}";
        [b"{\"vehicle_plate\":\"", plate, after].concat()
    };
    for bytes in [&b"\xD4\xC1B20H41"[..], b"\xFF\xFE\xFF", b"AB\x80\x81"] {
        let refused = plate_of(&own(bytes), None, None);
        assert_eq!(refused, Err(BadBody::NotUtf8.into()), "{bytes:?}");
    }
    let words = BadBody::NotUtf8.to_string();
    assert!(words.contains("not UTF-8"), "{words}");
    // A hole in a name costs no read.
    let name = b"{\"vehicle_plate\":\"KX 1\",\"camera\":\"S\xC3\xC3\",\"entry_date_time\":\"2026-03-02T07:15:30Z\"}";
    assert_eq!(plate_of(name, None, None), Ok(plate("KX 1")));
}

#[test]
fn what_was_meant_as_json_is_read() {
    for body in [
        "{'vehicle_plate': 'KX 1', 'entry_date_time': '2026-03-02T07:15:30Z', 'lane': None, 'x': True}",
        r#"{"vehicle_plate":"KX 1","entry_date_time":"2026-03-02T07:15:30Z","x":}"#,
        r#""{\"vehicle_plate\":\"KX 1\",\"entry_date_time\":\"2026-03-02T07:15:30Z\"}""#,
        r#"{"vehicle_plate":"KX 1","entry_date_time":"2026-03-02T07:15:30Z","x":NaN,"y":-inf}"#,
    ] {
        assert_eq!(plate_of(body.as_bytes(), None, None), Ok(plate("KX 1")), "{body}");
    }
    // Said, and no number: it passes no limit.
    let json =
        r#"{"vehicle_plate":"KX 1","entry_date_time":"2026-03-02T07:15:30Z","confidence":nan}"#;
    let Message::Reads(reads) = understand(json.as_bytes(), None, None).unwrap().message else {
        panic!()
    };
    assert_eq!(reads[0].confidence, Some(0.0));
    let text = r#"{'vehicle_plate': 'it\'s "x" 1', 'entry_date_time': '2026-03-02T07:15:30Z'}"#;
    assert_eq!(plate_of(text.as_bytes(), None, None), Ok(plate("it's \"x\" 1")));
    for broken in
        [r#"{"a":1,}"#, r#"{"a":1"#, "{} {}", r#"{"a" 1, "b": None}"#, "{'a", "{\"a\": tru}"]
    {
        let error = understand(broken.as_bytes(), None, None).unwrap_err();
        assert!(matches!(error, NotUnderstood::Body(BadBody::NotJson(_))), "{broken}: {error}");
    }
}

#[test]
fn a_part_in_base64_is_read() {
    // {"vehicle_plate":"KX 1","entry_date_time":"2026-03-02T07:15:30Z"}
    let body = "--b0\r\nContent-Type: application/json\r\nContent-Transfer-Encoding: BASE64\r\n\r\n\
        eyJ2ZWhpY2xlX3BsYXRlIjoiS1ggMSIsImVudHJ5X2RhdGVfdGltZSI6IjIw\r\n\
        MjYtMDMtMDJUMDc6MTU6MzBaIn0=\r\n--b0--\r\n";
    let read = plate_of(body.as_bytes(), Some("multipart/form-data; boundary=b0"), None);
    assert_eq!(read, Ok(plate("KX 1")));
}
