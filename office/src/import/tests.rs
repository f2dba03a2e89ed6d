use super::*;

fn refused(rows: &Rows) -> Vec<(u64, Option<&str>, &str)> {
    let refusals = rows.refusals.iter();
    refusals.map(|row| (row.line, row.field.as_deref(), row.reason.as_str())).collect()
}

#[test]
fn a_file_of_csv_is_taken_and_what_is_wrong_has_its_line_and_field() {
    let file = "\u{feff}id,name,address,latitude,longitude,time_zone,spaces_standard,spaces_electric,may_use_electric,full_at,closed,rate_table\r\n\
        north,North,\"Road 1, Town\",52.5,13.4,Europe/Berlin,120,8,standard,3,,city\r\n\
        south,,,,,,10,,,,true,\r\n\
        north,Again,,,,,1,,,,,\r\n\
        west,West,,52.5,,,1,,,,,\r\n\
        east,East,,,,Mars/Olympus,1,,,,,\r\n\
        tall,Tall,,,,,many,,,,,\r\n\
        thin,Thin\r\n\
        odd,Odd,,,,,,4,standard,,,\r\n";
    let rows = read(file.as_bytes()).unwrap();
    let [(north, first), (south, second)] = &rows.places[..] else { panic!("{rows:?}") };
    assert_eq!((north.as_str(), first.name.as_str()), ("north", "North"));
    assert_eq!(first.address.as_deref(), Some("Road 1, Town"));
    assert_eq!((first.capacity(), first.full_at), (128, 3));
    assert_eq!((first.rate_table.as_deref(), &second.rate_table), (Some("city"), &None));
    let electric = &first.bays[&BayType::parse("electric").unwrap()];
    assert_eq!(electric.may_use, [BayType::default()]);
    assert_eq!((south.as_str(), second.name.as_str()), ("south", "south"), "its id is its name");
    assert_eq!((second.time_zone.as_str(), second.is_closed), ("UTC", true));
    assert_eq!(
        refused(&rows),
        [
            (4, Some("id"), "`north` stands on line 2 already"),
            (5, Some("longitude"), "is missing, latitude is not"),
            (
                6,
                Some("time_zone"),
                "\"Mars/Olympus\" is no IANA time zone: write for instance Europe/Berlin"
            ),
            (7, Some("spaces_standard"), "\"many\" is not a number that fits"),
            (8, None, "2 fields where the header has 12"),
        ]
        .into_iter()
        .chain([(9, Some("bays.electric"), "may use `standard`, which this place has not")])
        .collect::<Vec<_>>()
    );
}

#[test]
fn a_file_of_json_is_taken_and_what_is_wrong_has_its_line() {
    let file = r#"[
        {"id": "north", "bays": {"standard": {"spaces": 4}}},
        {"name": "no id"},
        {"id": "south", "bayz": {}},
        {"id": "east",
         "full_at": 4, "open_again_at": 2}
    ]"#;
    let rows = read(file.as_bytes()).unwrap();
    assert_eq!(rows.places.len(), 1);
    let refused = refused(&rows);
    assert_eq!(refused[0], (3, Some("id"), "is missing"));
    assert_eq!((refused[1].0, refused[1].1), (4, None));
    assert!(refused[1].2.contains("unknown field `bayz`"), "{refused:?}");
    assert_eq!((refused[2].0, refused[2].1), (5, Some("open_again_at")));
}

#[test]
fn what_is_no_file_of_places_says_why_and_where() {
    let refused = |text: &str| read(text.as_bytes()).unwrap_err().to_string();
    assert!(refused("id,spacez\nx,1\n").starts_with("line 1: the column `spacez` is not known"));
    assert_eq!(refused("name,address\n"), "line 1: the column `id` is missing");
    assert!(refused("{\"id\": \"x\"}").contains("JSON array"));
    assert_eq!(refused("[\n{]"), "line 2: not JSON");
    assert_eq!(read(b"id\n\xff\n").unwrap_err().to_string(), "line 2: not UTF-8");
}
