//! What must hold of any body. For the fuzz targets and the property tests; each panics where it
//! does not hold.

use chrono::Datelike;

use crate::body::encoding::Legacy;
use crate::vendor;
use crate::{Body, CapturedAt, Message, Vendor};

/// Any bytes are a body or an error, and any body is a message of any vendor or an error.
pub fn any_vendor_reads(bytes: &[u8]) {
    for content_type in [None, Some("multipart/form-data; boundary=x"), Some("image/jpeg")] {
        for legacy in [Legacy::Latin1, Legacy::Gb18030] {
            let Ok(body) = Body::parse_as(bytes, content_type, legacy) else { continue };
            assert!(!body.documents.is_empty());
            Vendor::detect(&body);
            Vendor::all().for_each(|vendor| vendor_reads(vendor, &body));
        }
        let _any = crate::understand::understand(bytes, content_type, None);
    }
}

/// Any bytes are an error or a message of this vendor.
pub fn one_vendor_reads(name: &str, bytes: &[u8]) {
    let vendor: Vendor = name.parse().expect("VENDOR is a name of the documentation");
    if let Ok(body) = vendor::parse(bytes, None, Some(vendor)) {
        vendor_reads(vendor, &body);
    }
}

fn vendor_reads(vendor: Vendor, body: &Body) {
    let Ok(message) = vendor.read(body) else { return };
    vendor.answer(&message);
    let Message::Reads(reads) = message else { return };
    assert!((1..=crate::read::READS_MAX).contains(&reads.len()));
    for read in reads {
        assert!(read.confidence.is_none_or(|share| (0.0..=1.0).contains(&share)));
        let year = match read.at {
            CapturedAt::Instant(at) => at.year(),
            CapturedAt::Local(at) => at.year(),
            CapturedAt::Missing => 2000,
        };
        // carpark's own messages may be of any time: they are as the queues have them.
        assert!((0..=9999).contains(&year) && (year >= 2000 || vendor.name() == "carpark"));
        let names = [&read.camera, &read.lane, &read.place, &read.event];
        assert!(names.into_iter().flatten().all(|name| !name.is_empty()));
    }
}
