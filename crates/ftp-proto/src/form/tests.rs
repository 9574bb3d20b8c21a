use super::*;
use alloc::vec;

const REPRESENTATIONS: [Representation; 3] =
    [Representation::Image, Representation::Ascii, Representation::Ebcdic];
const STRUCTURES: [Structure; 3] = [Structure::File, Structure::Record, Structure::Page];
const MODES: [TransferMode; 3] = [TransferMode::Stream, TransferMode::Block, TransferMode::Compressed];

fn form(representation: Representation, structure: Structure, mode: TransferMode) -> Form {
    Form { representation, structure, mode }
}

fn sent(form: Form, octets: &[u8], piece: usize) -> Vec<u8> {
    let (mut stream, mut wire) = (ToWire::new(form, 0), Vec::new());
    octets.chunks(piece).for_each(|part| stream.push(part, &mut wire));
    stream.finish(&mut wire);
    wire
}

fn taken(form: Form, wire: &[u8], piece: usize) -> Result<(Vec<u8>, FromWire), Broken> {
    let (mut stream, mut file) = (FromWire::new(form), Vec::new());
    for part in wire.chunks(piece) {
        let (mut rest, mut out) = (part, Vec::new());
        while !rest.is_empty() {
            let n = stream.push(rest, &mut out)?;
            assert!(out.len() < FULL + piece + RUN_MAX, "what is made of a piece is bounded");
            file.append(&mut out);
            rest = &rest[n..];
        }
    }
    stream.finish(&mut file)?;
    Ok((file, stream))
}

const RUN_MAX: usize = 127;

fn stream_of(representation: Representation, structure: Structure) -> Form {
    form(representation, structure, TransferMode::Stream)
}

#[test]
fn records_end_with_escapes_and_all_ones_stand_twice() {
    let text = stream_of(Representation::Ascii, Structure::Record);
    let wire = [b"one".as_slice(), &[0xff, 1], &[0xff, 1], b"x", &[0xff, 0xff, 0xff, 1], b"end", &[0xff, 2]]
        .concat();
    assert_eq!(sent(text, b"one\n\nx\xff\nend", 2), wire);
    assert_eq!(taken(text, &wire, 1).unwrap().0, b"one\n\nx\xff\nend");
    // EOR and EOF together; and of octets a record is nothing.
    assert_eq!(taken(text, b"one\xff\x03", 2).unwrap().0, b"one\n");
    let octets = stream_of(Representation::Image, Structure::Record);
    assert_eq!(sent(octets, b"a\nb", 9), b"a\nb\xff\x03");
    assert_eq!(taken(octets, b"a\xff\x01b\xff\x03", 9).unwrap().0, b"ab");
    for (wire, why) in [
        (&b"one"[..], Broken::NoEnd),
        (b"one\xff\x01", Broken::NoEnd),
        (b"one\xff", Broken::NoEnd),
        (b"one\xff\x04", Broken::Escape(4)),
        (b"one\xff\x02x", Broken::AfterEnd),
    ] {
        assert_eq!(taken(text, wire, 1).unwrap_err(), why, "{}", wire.escape_ascii());
    }
}

#[test]
fn blocks_have_a_descriptor_and_a_count() {
    let octets = form(Representation::Image, Structure::File, TransferMode::Block);
    assert_eq!(sent(octets, b"abc", 9), b"\0\0\x03abc\x40\0\0");
    assert_eq!(sent(octets, b"", 9), b"\x40\0\0");
    let (file, stream) = taken(octets, b"\x20\0\x02ab\x10\0\x02m1\0\0\x01c\x40\0\x02de", 1).unwrap();
    assert_eq!(file, b"abcde", "the last block may have data, and suspected errors are data");
    assert_eq!(stream.marks(), [Mark { marker: b"m1".to_vec(), at: 2 }]);
    let records = form(Representation::Ascii, Structure::Record, TransferMode::Block);
    assert_eq!(taken(records, b"\x80\0\x01a\xc0\0\x01b", 2).unwrap().0, b"a\nb\n");
    assert_eq!(sent(records, b"a\nb", 9), b"\0\0\x01a\x80\0\0\0\0\x01b\x40\0\0");
    for (wire, why) in [
        (&b"\0\0\x03ab"[..], Broken::NoEnd),
        (b"\0\0\x02ab", Broken::NoEnd),
        (b"\x41\0\0", Broken::Descriptor(0x41)),
        (b"\x10\0\x01 ", Broken::Marker),
        (b"\x10\0\0", Broken::Marker),
        (b"\x40\0\0\0", Broken::AfterEnd),
    ] {
        assert_eq!(taken(octets, wire, 1).unwrap_err(), why, "{}", wire.escape_ascii());
    }
}

#[test]
fn runs_and_fillers_are_short() {
    let octets = form(Representation::Image, Structure::File, TransferMode::Compressed);
    // A string of three, five times "x", seven zeros, EOF before an empty filler.
    assert_eq!(sent(octets, b"abcxxxxx\0\0\0\0\0\0\0", 99), b"\x03abc\x85x\xc7\0\x40\xc0");
    let text = form(Representation::Ascii, Structure::File, TransferMode::Compressed);
    assert_eq!(sent(text, b"a    b", 99), b"\x01a\xc4\x01b\0\x40\xc0");
    let ebcdic = form(Representation::Ebcdic, Structure::File, TransferMode::Compressed);
    assert_eq!(sent(ebcdic, b"     ", 99), b"\xc5\0\x40\xc0");
    // What a descriptor says of an end is true behind the string that follows it.
    let records = form(Representation::Ascii, Structure::Record, TransferMode::Compressed);
    assert_eq!(taken(records, b"\0\x80\x01a\0\xc0\x02bc", 1).unwrap().0, b"a\nbc\n");
    assert_eq!(taken(octets, b"\x01a\0\x40", 1).unwrap().0, b"a", "some leave the last string out");
    assert_eq!(taken(octets, b"\0\x10\x02m2\x01a\0\x40\xc0", 1).unwrap().1.marks()[0].at, 0);
    for (wire, why) in [
        (&b"\x03ab"[..], Broken::NoEnd),
        (b"\x01a", Broken::NoEnd),
        (b"\x85", Broken::NoEnd),
        (b"\0\x01", Broken::Descriptor(1)),
        (b"\0\x40\xc0\x01", Broken::AfterEnd),
    ] {
        assert_eq!(taken(octets, wire, 1).unwrap_err(), why, "{}", wire.escape_ascii());
    }
}

#[test]
fn a_run_of_fillers_is_given_out_piece_by_piece() {
    let octets = form(Representation::Image, Structure::File, TransferMode::Compressed);
    let wire = [vec![0xff; 100_000], b"\0\x40\xc0".to_vec()].concat();
    let (file, _) = taken(octets, &wire, wire.len()).unwrap();
    assert!(file.len() == 6_300_000 && file.iter().all(|&b| b == 0));
}

#[test]
fn pages_come_in_their_order_with_a_header_each() {
    let paged = stream_of(Representation::Image, Structure::Page);
    let wire = sent(paged, &[7; 300], 100);
    let pages = [&[4, 0, 255, 1][..], &[7; 255], &[4, 1, 45, 1], &[7; 45], &[4, 2, 0, 0]].concat();
    assert_eq!(wire, pages);
    // A descriptor of the file is passed over, and so is what says who may see a page.
    let wire = b"\x06\0\x02\x02??!!\x05\0\x02\x03@ab\x04\x01\x01\x01c\x04\x02\0\0";
    for piece in [1, 2, 99] {
        let (file, stream) = taken(paged, wire, piece).unwrap();
        assert!(file == b"abc" && stream.is_over());
    }
    for (wire, why) in [
        (&b"\x04\0\x01\x01a"[..], Broken::NoEnd),
        (b"\x04\0\x01\x04a", Broken::PageType(4)),
        (b"\x05\0\x01\x01a", Broken::PageHeader(5)),
        (b"\x04\x01\x01\x01a", Broken::PageIndex { expected: 0, found: 1 }),
        (b"\x04\0\0\0a", Broken::AfterEnd),
        (b"\0\0\0\x02", Broken::PageHeader(0)),
    ] {
        assert_eq!(taken(paged, wire, 1).unwrap_err(), why, "{}", wire.escape_ascii());
    }
}

#[test]
fn restart_markers_say_where_in_the_file_they_stand() {
    for mode in [TransferMode::Block, TransferMode::Compressed] {
        let octets = form(Representation::Image, Structure::File, mode);
        let content: Vec<u8> = (0..2_500_000u32).map(|n| (n / 7) as u8).collect();
        let wire = sent(octets, &content, 100_001);
        let (file, stream) = taken(octets, &wire, 77_777).unwrap();
        assert!(file == content);
        let told: Vec<(&[u8], u64)> = stream.marks().iter().map(|m| (m.marker.as_slice(), m.at)).collect();
        assert_eq!(told, [(&b"1048576"[..], 1 << 20), (b"2097152", 2 << 20)]);
    }
}

/// Some text, some octets that mean something to a mode, some runs.
fn likely(seed: u64) -> Vec<u8> {
    let mut x = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut next = || {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        x
    };
    let mut octets = Vec::new();
    for _ in 0..next() % 60 {
        let r = next();
        let octet = [b'\n', b'\r', 0xff, 0, b' ', 0x40, (r >> 32) as u8][usize::try_from(r % 7).unwrap()];
        octets.extend(vec![octet; usize::try_from((r >> 8) % 4 * ((r >> 16) % 90)).unwrap()]);
    }
    octets
}

#[test]
fn every_form_gives_back_what_it_was_given_whatever_the_buffer_edges() {
    for seed in 1..=60 {
        let octets = likely(seed);
        for representation in REPRESENTATIONS {
            for structure in STRUCTURES {
                for mode in MODES {
                    let form = form(representation, structure, mode);
                    let wire = sent(form, &octets, 1 + usize::try_from(seed).unwrap() % 50);
                    let want = match (representation, structure) {
                        // TYPE A has CRLF for a line's end and nothing else.
                        (Representation::Ascii, Structure::File | Structure::Page) => {
                            let plain = stream_of(representation, Structure::File);
                            taken(plain, &sent(plain, &octets, 999), 999).unwrap().0
                        }
                        _ => octets.clone(),
                    };
                    for piece in [1, 2, 3, 1_000_000] {
                        let (file, stream) = taken(form, &wire, piece).unwrap();
                        assert!(file == want, "seed {seed}, {form:?}, pieces of {piece}");
                        let ends = structure != Structure::File || mode != TransferMode::Stream;
                        assert_eq!(stream.is_over(), ends, "{form:?}");
                    }
                    // What has a mark of its end is not whole without it; MODE C's last string may be missing.
                    let ends = structure != Structure::File || mode != TransferMode::Stream;
                    if ends && mode != TransferMode::Compressed {
                        assert!(taken(form, &wire[..wire.len() - 1], 999).is_err(), "seed {seed}, {form:?}");
                    }
                }
            }
        }
    }
}
