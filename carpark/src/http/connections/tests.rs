use super::*;

const ONE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
const OTHER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2));

/// So many in all, and of one address; for the tests of what they carry as well.
pub fn connections(total: usize, per_address: usize) -> Rc<Connections> {
    behind("", total, per_address)
}

fn behind(proxies: &str, total: usize, per_address: usize) -> Rc<Connections> {
    let meters = Meters::register(&prometheus::Registry::new()).unwrap();
    Connections::new(Limits { total, per_address }, proxies.parse().unwrap(), meters)
}

#[test]
fn one_address_takes_no_room_from_another_and_its_idlest_connection_makes_room() {
    let all = connections(10, 2);
    let first = all.admit(ONE).unwrap();
    let second = all.admit(ONE).unwrap();
    first.is_active();
    let others = all.admit(OTHER).unwrap();
    let third = all.admit(ONE).unwrap();
    let closed = [&first, &second, &others, &third].map(|c| c.is_closed());
    assert_eq!(closed, [false, true, false, false], "the second was idle longest");
    second.has_ended();
    assert_eq!(all.by_address.borrow()[&network(ONE)], 2);
}

#[test]
fn where_there_is_no_room_strangers_make_it_before_those_with_a_token() {
    let all = connections(3, 3);
    let camera = all.admit(ONE).unwrap();
    drop(camera.begin(true));
    let stranger = all.admit(ONE).unwrap();
    drop(stranger.begin(false));
    let busy = all.admit(OTHER).unwrap();
    let _work = busy.begin(false);
    let newest = all.admit(OTHER).unwrap();
    let closed = [&camera, &stranger, &busy, &newest].map(|c| c.is_closed());
    assert_eq!(closed, [false, true, false, false]);
    // The newest has asked nothing yet: it goes before the camera.
    let after = all.admit(OTHER).unwrap();
    assert!(newest.is_closed() && !camera.is_closed() && !after.is_closed());
}

#[test]
fn where_all_are_at_work_the_next_is_refused() {
    let all = connections(2, 1);
    let first = all.admit(ONE).unwrap();
    let work = first.begin(false);
    assert!(all.admit(ONE).is_none(), "of its address");
    let second = all.admit(OTHER).unwrap();
    let _other_work = second.begin(true);
    assert!(all.admit(IpAddr::from([192, 0, 2, 3])).is_none(), "of all");
    drop(work);
    assert!(all.admit(ONE).is_some() && first.is_closed());
}

#[test]
fn this_machine_is_not_counted_by_its_address_and_a_whole_network_is_one() {
    let all = connections(10, 1);
    let proxy = IpAddr::from([127, 0, 0, 1]);
    let of_proxy = [all.admit(proxy).unwrap(), all.admit(proxy).unwrap()];
    assert!(of_proxy.iter().all(|c| !c.is_closed()));
    let v6 = |text: &str| text.parse::<IpAddr>().unwrap();
    let first = all.admit(v6("2001:db8::1")).unwrap();
    let neighbour = all.admit(v6("2001:db8:0:1::1")).unwrap();
    assert!(!first.is_closed() && !neighbour.is_closed());
    let same = all.admit(v6("2001:db8::ffff:2")).unwrap();
    assert!(first.is_closed() && !neighbour.is_closed() && !same.is_closed());
}

#[test]
fn streams_of_strangers_are_bounded_and_those_of_others_are_not() {
    let all = connections(4, 4);
    let stranger = all.admit(ONE).unwrap();
    let mut stream = stranger.begin(false);
    assert!(stream.may_stream());
    let second = all.admit(OTHER).unwrap();
    assert!(!second.begin(false).may_stream());
    assert!(second.begin(true).may_stream());
    drop(stream);
    assert!(all.admit(OTHER).unwrap().begin(false).may_stream());
}

#[test]
fn a_trusted_proxy_speaks_for_many_and_has_no_limit_of_its_own() {
    let all = behind("192.0.2.0/30 2001:db8::/32", 100, 2);
    for proxy in
        [ONE, IpAddr::from([0, 0, 0, 0, 0, 0xffff, 0xc000, 0x0202]), "2001:db8::7".parse().unwrap()]
    {
        let of_proxy: Vec<_> = (0..10).map(|_| all.admit(proxy).unwrap()).collect();
        assert!(of_proxy.iter().all(|c| !c.is_closed()), "{proxy}");
    }
    let stranger = IpAddr::from([192, 0, 2, 9]);
    let of_stranger: Vec<_> = (0..3).map(|_| all.admit(stranger).unwrap()).collect();
    assert!(of_stranger[0].is_closed(), "who is no proxy has one");
}

#[test]
fn what_becomes_of_connections_is_counted() {
    let all = connections(2, 1);
    let meters = &all.meters;
    let first = all.admit(ONE).unwrap();
    let second = all.admit(ONE).unwrap();
    assert!(first.is_closed() && meters.made_room_at_its_address.get() == 1);
    let work = second.begin(false);
    assert!(all.admit(ONE).is_none() && meters.refused_at_its_address.get() == 1);
    let others = all.admit(OTHER).unwrap();
    let third = IpAddr::from([192, 0, 2, 3]);
    let newest = all.admit(third).unwrap();
    assert!(others.is_closed() && meters.made_room.get() == 1);
    let other_work = newest.begin(false);
    assert!(all.admit(OTHER).is_none() && meters.refused.get() == 1);
    assert_eq!(meters.open.get(), 2);
    drop((work, other_work));
    newest.has_ended();
    assert_eq!((meters.open.get(), meters.idle.get(), meters.slow.get()), (1, 0, 0));
}

#[test]
fn strangers_who_are_idle_after_an_answer_are_closed_and_nobody_else() {
    let all = connections(10, 10);
    let [known, silent, busy, recent, stranger] = [(); 5].map(|()| all.admit(ONE).unwrap());
    drop(known.begin(true));
    let _work = busy.begin(false);
    for connection in [&recent, &stranger] {
        drop(connection.begin(false));
    }
    let long_ago = Instant::now().checked_sub(STRANGERS_IDLE_MAX).unwrap();
    for connection in [&known, &silent, &busy, &stranger] {
        connection.active_at.set(long_ago);
    }
    all.sweep();
    let closed = [&known, &silent, &busy, &recent, &stranger].map(|c| c.is_closed());
    assert_eq!(closed, [false, false, false, false, true]);
    assert_eq!(all.open.borrow().len(), 4);
    assert_eq!(all.by_address.borrow()[&network(ONE)], 4);
}

#[test]
fn what_is_kept_of_an_address_goes_with_its_last_connection() {
    let all = connections(10, 2);
    let first = all.admit(ONE).unwrap();
    let second = all.admit(ONE).unwrap();
    first.has_ended();
    first.has_ended();
    assert_eq!(all.by_address.borrow()[&network(ONE)], 1, "one that has ended ends once");
    second.has_ended();
    assert!(all.by_address.borrow().is_empty() && all.open.borrow().is_empty());
    // Not counted, so not taken off either.
    all.admit(IpAddr::from([127, 0, 0, 1])).unwrap().has_ended();
    assert!(all.by_address.borrow().is_empty());
}

#[test]
fn an_answer_makes_a_connection_active_when_it_is_sent() {
    let all = connections(2, 2);
    let first = all.admit(ONE).unwrap();
    let work = first.begin(false);
    let second = all.admit(OTHER).unwrap();
    drop(work);
    let _third = all.admit(OTHER).unwrap();
    assert!(!first.is_closed() && second.is_closed());
}

#[test]
fn this_machine_and_an_address_of_ipv4_are_the_same_in_the_clothes_of_ipv6() {
    let all = connections(10, 1);
    let of = |text: &str| all.admit(text.parse().unwrap()).unwrap();
    for own in ["::ffff:127.0.0.1", "::1"] {
        let both = [of(own), of(own)];
        assert!(both.iter().all(|c| !c.is_closed()), "{own}");
    }
    let first = of("::ffff:192.0.2.1");
    let other = of("::ffff:192.0.2.2");
    assert!(!first.is_closed(), "the /64 of all of them is no network of one");
    let same = of("192.0.2.1");
    assert!(first.is_closed() && !other.is_closed() && !same.is_closed());
}
