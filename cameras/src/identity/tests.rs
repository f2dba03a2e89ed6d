use super::*;

#[test]
fn alike_is_what_one_slip_makes_of_a_plate() {
    let plate = |text| Plate::parse(text).unwrap();
    for (one, other, alike, half_alike) in [
        ("FINA1", "FINA1", true, true),
        ("FINA1", "FINB1", true, true),
        ("FINA1", "FINB2", false, true),
        ("B8KX311", "88KX3I1", true, true),
        ("B8KX311", "8KX311", true, true),
        ("B8KX311", "KX3", true, true),
        ("B8KX311", "8K", true, true),
        ("B8KX311", "MZ40U", false, false),
        ("AB12", "XY99", false, false),
    ] {
        let (one, other) = (plate(one), plate(other));
        for (one, other) in [(&one, &other), (&other, &one)] {
            assert_eq!(is_alike(one, other), alike, "{one} {other}");
            assert_eq!(is_half_alike(one, other), half_alike, "{one} {other}");
        }
    }
}
