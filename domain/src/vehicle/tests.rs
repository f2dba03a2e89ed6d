use super::*;

#[test]
fn an_id_is_trimmed_and_a_vehicles_is_in_upper_case() {
    assert_eq!(VehicleId::parse(" wvwzzz1j-2 ").unwrap().as_str(), "WVWZZZ1J-2");
    assert_eq!(CustomerId::parse(" acme_1 ").unwrap().as_str(), "acme_1");
}

#[test]
fn an_id_stands_in_a_path_so_it_has_no_other_characters() {
    for (text, error) in [
        ("", NameError::Empty),
        ("  ", NameError::Empty),
        ("a/b", NameError::BadCharacter('/')),
        ("..", NameError::BadCharacter('.')),
        ("a b", NameError::BadCharacter(' ')),
        ("a\u{0}", NameError::BadCharacter('\u{0}')),
        ("<script>", NameError::BadCharacter('<')),
        ("é", NameError::BadCharacter('é')),
    ] {
        assert_eq!(VehicleId::parse(text), Err(error), "{text:?}");
        assert_eq!(CustomerId::parse(text), Err(error), "{text:?}");
    }
    let long = "A".repeat(ID_LENGTH_MAX + 1);
    assert_eq!(VehicleId::parse(&long), Err(NameError::TooLong(ID_LENGTH_MAX)));
    assert!(VehicleId::parse(&long[1..]).is_ok());
}

#[test]
fn a_name_is_any_text_that_can_be_seen_and_an_address_may_be_missing() {
    let id = || CustomerId::parse("c1").unwrap();
    let script = "<script>alert(1)</script>";
    let customer = Customer::new(id(), script, " ").unwrap();
    assert_eq!((customer.name.as_str(), customer.address.as_str()), (script, ""));
    assert_eq!(Customer::new(id(), " ", "x"), Err(("name", NameError::Empty)));
    assert_eq!(Customer::new(id(), "x", "a\nb"), Err(("address", NameError::Control('\n'))));
    let long = "ü".repeat(NAME_LENGTH_MAX + 1);
    assert_eq!(Customer::new(id(), &long, ""), Err(("name", NameError::TooLong(NAME_LENGTH_MAX))));
}
