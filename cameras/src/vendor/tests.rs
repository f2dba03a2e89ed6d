use crate::testing::{Payload, first, message, payload, payloads, plate, vendor};
use crate::{Body, Message, Vendor};

#[test]
fn each_payload_is_exactly_one_vendors() {
    for Payload { name, vendor, text } in payloads() {
        let body = Body::parse(text.as_bytes(), None).unwrap();
        let claims: Vec<_> = Vendor::all().filter(|vendor| vendor.is_own(&body)).collect();
        assert_eq!(claims, [*vendor], "{name}");
        assert_eq!(Vendor::detect(&body), Some(*vendor), "{name}");
        vendor.read(&body).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

#[test]
fn each_vendor_has_a_payload_that_it_reads_and_a_name_that_leads_back() {
    for vendor in Vendor::all() {
        let reads = |payload: &&Payload| {
            payload.vendor == vendor && matches!(message(&payload.name, &[]), Ok(Message::Reads(_)))
        };
        assert!(payloads().iter().any(|payload| reads(&payload)), "{vendor}");
        assert_eq!(vendor.name().parse(), Ok(vendor));
        let is_kebab = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        assert!(vendor.name().chars().all(is_kebab), "{vendor}");
    }
    assert_eq!("rekor".parse(), Ok(vendor("openalpr")));
    assert_eq!("alphadigi".parse(), Ok(vendor("vzenith")));
    assert_eq!("Viewtron".parse(), Ok(vendor("tvt")));
    let error = "acme".parse::<Vendor>().unwrap_err().to_string();
    assert!(error.starts_with("no vendor is called \"acme\"; known are carpark, axis,"), "{error}");
}

#[test]
fn the_documentation_has_a_row_and_a_chapter_for_each_vendor() {
    let documentation = include_str!("../../../docs/cameras.md");
    for vendor in Vendor::all() {
        let row = format!("| `{vendor}`");
        assert!(documentation.lines().any(|line| line.starts_with(&row)), "{row}");
    }
}

#[test]
fn what_is_nobodys_is_not_guessed_at() {
    for body in [
        "{}",
        "{\"messageType\":\"keepalive\"}",
        "{\"plate\":\"KX 2041\"}",
        "<a/>",
        "plate=KX2041",
        "[1,2]",
        "<html></html>",
    ] {
        assert_eq!(Vendor::detect(&Body::parse(body.as_bytes(), None).unwrap()), None, "{body}");
    }
}

#[test]
fn a_form_with_the_message_in_a_field_is_the_message() {
    let Payload { vendor, text: json, .. } = payload("plate-recognizer.json");
    let multipart = format!(
        "--b0\r\nContent-Disposition: form-data; name=\"json\"\r\n\r\n{json}\r\n--b0\r\n\
         Content-Disposition: form-data; name=\"upload\"; filename=\"a.jpg\"\r\n\
         Content-Type: image/jpeg\r\n\r\n\u{1}\u{2}\r\n--b0--\r\n"
    );
    let encoded: String = form_urlencoded::byte_serialize(json.as_bytes()).collect();
    let form = format!("json={encoded}&name=west");
    for body in [multipart, form] {
        let body = Body::parse(body.as_bytes(), None).unwrap();
        assert_eq!(Vendor::detect(&body), Some(*vendor));
        assert_eq!(vendor.read(&body), message("plate-recognizer.json", &[]));
    }
}

#[test]
fn of_a_multipart_body_each_document_of_the_vendor_is_read() {
    let part = |plate: &str| {
        format!(
            "--b0\r\nContent-Type: application/json\r\n\r\n\
             {{\"carID\":\"1\",\"carState\":\"lost\",\"plateUTF8\":\"{plate}\"}}\r\n"
        )
    };
    let body =
        format!("{}{}--b0\r\n\r\n{{\"size\": 1}}\r\n--b0--", part("KX 2041"), part("KX 2042"));
    let body = Body::parse(body.as_bytes(), Some("multipart/mixed; boundary=b0")).unwrap();
    let Ok(Message::Reads(reads)) = vendor("axis").read(&body) else { panic!() };
    let plates: Vec<_> = reads.into_iter().map(|read| read.plate).collect();
    assert_eq!(plates, [plate("KX 2041"), plate("KX 2042")]);
}

#[test]
fn a_camera_hears_what_it_waits_for_and_nothing_that_opens_a_barrier() {
    let answer = |vendor: Vendor, name| vendor.answer(&message(name, &[]).unwrap());
    assert_eq!(answer(vendor("hikvision"), "hikvision.xml"), None);
    assert_eq!(answer(vendor("dahua"), "dahua-itsapi.json").as_deref(), Some(r#"{"Result":true}"#));
    let alive = answer(vendor("dahua"), "dahua-itsapi-keepalive.json").unwrap();
    let alive: serde_json::Value = serde_json::from_str(&alive).unwrap();
    assert_eq!((&alive["Result"], &alive["Active"]), (&true.into(), &true.into()));
    let live = answer(vendor("vzenith"), "vzenith.json").unwrap();
    assert_eq!(live, r#"{"Response_AlarmInfoPlate":{"content":"retransfer_stop"}}"#);
    let late =
        Message::Reads(vec![first("vzenith.json", &[("\"isoffline\": 0", "\"isoffline\": 1")])]);
    let late = vendor("vzenith").answer(&late).unwrap();
    let json: serde_json::Value = serde_json::from_str(&late).unwrap();
    let next = &json["Response_AlarmInfoPlate"]["ContinuePushOffline"];
    assert_eq!((&next["plateid"], &next["continue"]), (&1207.into(), &1.into()));
    for answer in [live, late] {
        assert!(
            !answer.contains("info\"") && !answer.contains("ok") && !answer.contains("io"),
            "{answer}"
        );
    }
}
