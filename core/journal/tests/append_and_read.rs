//! What is appended is read back: in order, exactly once, over any number of segments, also live.

mod common;

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};

use common::*;
use pinion_journal::{
    Anchor, BadKind, CHECKPOINT_FRAMES, JournalError, Options, Reader, Writer, system, verify,
};
use pinion_model::record::{FLAG_MORE, Kind, Record};

#[test]
fn what_is_appended_over_many_tiny_segments_is_read_back_in_order_and_by_position() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = Writer::create(dir.path(), options(16)).unwrap();
    let mut expected = Vec::new();
    for number in 0..1_000 {
        if number % 7 == 0 {
            writer.prepare_next().unwrap();
        }
        expected.push((writer.append(&quote(number)).unwrap(), number));
    }
    let head = writer.close(5, b"").unwrap();
    assert_eq!(head.segments, files(dir.path()).len() as u64);
    assert!(head.segments > 60);

    let reader = Reader::open(dir.path()).unwrap();
    let mut cursor = reader.cursor(0).unwrap();
    let mut seen = Vec::new();
    let mut position = 0;
    while let Some(record) = cursor.next_record().unwrap() {
        assert_eq!(record.position, position);
        position += 1;
        if record.kind() == Some(Kind::Quote) {
            let number = u64::from_le_bytes(record.body[..8].try_into().unwrap());
            assert_eq!(record.body, quote(number).body);
            seen.push((record.position, number));
        }
    }
    assert!(cursor.at_end());
    assert_eq!((position, head.position + 1), (head.records, head.records));
    assert_eq!(seen, expected);
    for (position, number) in seen {
        assert_eq!(reader.get(position).unwrap().map(|record| record.body), Some(quote(number).body));
        let mut cursor = reader.cursor(position).unwrap();
        assert_eq!(cursor.next_record().unwrap().map(|record| record.position), Some(position));
    }
    assert_eq!(reader.get(head.records).unwrap(), None);
    assert!(matches!(reader.cursor(1 << 40), Err(JournalError::NoSuchPosition { .. })));
    assert!(verify(dir.path()).unwrap().agrees_with(&head));
}

#[test]
fn a_tail_reader_sees_every_record_in_order_exactly_once_while_a_writer_appends() {
    const RECORDS: u64 = 60_000;
    let dir = tempfile::tempdir().unwrap();
    let mut writer = Writer::create(dir.path(), options(3_000)).unwrap();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let mut tailers = Vec::new();
        for _ in 0..2 {
            tailers.push(scope.spawn(|| {
                let mut cursor = Reader::open(dir.path()).unwrap().cursor(0).unwrap();
                let (mut position, mut number, mut polls) = (0, 0, 0u64);
                while !cursor.at_end() {
                    let finished = done.load(Ordering::Acquire);
                    match cursor.next_record().unwrap() {
                        Some(record) => {
                            assert_eq!(record.position, position);
                            position += 1;
                            if record.kind() == Some(Kind::Quote) {
                                assert_eq!(record.body, quote(number).body);
                                number += 1;
                            }
                        }
                        None => {
                            assert!(!finished, "the journal is closed and the cursor stopped at {position}");
                            polls += 1;
                            std::thread::yield_now();
                        }
                    }
                }
                assert_eq!(cursor.next_record().unwrap(), None);
                (position, number, polls)
            }));
        }
        let mut random = Random(7);
        for number in 0..RECORDS {
            writer.append(&quote(number)).unwrap();
            if random.below(64) == 0 {
                std::thread::yield_now();
            }
        }
        let head = writer.close(1, b"done").unwrap();
        done.store(true, Ordering::Release);
        for tailer in tailers {
            let (position, number, polls) = tailer.join().unwrap();
            assert_eq!((position, number), (head.records, RECORDS));
            assert!(polls > 0, "the reader never caught up, so nothing was tailed");
        }
    });
}

#[test]
fn groups_and_texts_of_every_length_come_back_whole_and_are_never_split() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = Writer::create(dir.path(), options(64)).unwrap();
    let lengths = [0, 1, 91, 92, 93, 187, 188, 189, 1_000, 500_000];
    for length in lengths {
        let text: Vec<u8> = (0..length).map(|index| (index % 251) as u8).collect();
        writer.append_text(Kind::Plan, &text).unwrap();
    }
    writer.append_batch(&depth(1, 5_000)).unwrap();
    let head = writer.close(1, &[b's'; 300]).unwrap();
    assert!(verify(dir.path()).unwrap().agrees_with(&head));

    let mut cursor = Reader::open(dir.path()).unwrap().cursor(0).unwrap();
    let (mut group, mut texts, mut depths) = (Vec::new(), Vec::new(), Vec::new());
    while cursor.next_group(&mut group).unwrap() {
        match group[0].kind() {
            Some(Kind::Plan) => texts.push(system::text_of(&group).unwrap()),
            Some(Kind::Summary) => assert_eq!(system::text_of(&group), Some(vec![b's'; 300])),
            Some(Kind::Depth) => depths.push(group.len()),
            _ => assert_eq!(group.len(), 1),
        }
    }
    assert!(cursor.at_end());
    assert_eq!(texts.iter().map(Vec::len).collect::<Vec<_>>(), lengths);
    assert!(
        texts.iter().all(|text| text.iter().enumerate().all(|(index, byte)| *byte == (index % 251) as u8))
    );
    assert_eq!(depths, [5_000]);
}

#[test]
fn a_checkpoint_follows_every_batch_and_waits_for_an_open_group() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = Writer::create(dir.path(), options(40_000)).unwrap();
    for number in 0..CHECKPOINT_FRAMES - 3 {
        writer.append(&quote(number)).unwrap();
    }
    writer.append_batch(&depth(1, 10)).unwrap();
    for number in 0..3 * CHECKPOINT_FRAMES {
        writer.append(&quote(number)).unwrap();
    }
    let head = writer.close(1, b"").unwrap();
    let mut cursor = Reader::open(dir.path()).unwrap().cursor(0).unwrap();
    let mut checkpoints = Vec::new();
    while let Some(record) = cursor.next_record().unwrap() {
        if let Some(checkpoint) = system::Checkpoint::read(record) {
            checkpoints.push((record.position, checkpoint.first_position, checkpoint.frames));
        }
    }
    // Start, 4093 quotes and a group of ten make the first batch 4104 long.
    let first = CHECKPOINT_FRAMES + 8;
    let expected: Vec<_> =
        std::iter::once((first, 0, first))
            .chain((1..4).map(|n| {
                (first + n * CHECKPOINT_FRAMES, first + (n - 1) * CHECKPOINT_FRAMES, CHECKPOINT_FRAMES)
            }))
            .collect();
    assert_eq!(checkpoints, expected[..checkpoints.len()]);
    assert_eq!(checkpoints.len(), 4);
    assert!(verify(dir.path()).unwrap().agrees_with(&head));
}

#[test]
fn marks_vouch_for_what_was_appended_before_them_and_headers_carry_the_last_anchor() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = Writer::create(dir.path(), options(16)).unwrap();
    assert_eq!(writer.durable_position(), 1);
    quotes(&mut writer, 0..40);
    let position = writer.mark(77).unwrap();
    assert_eq!(writer.durable_position(), position);
    let anchor = Anchor { ticks: 9_000, wall_ns: 5, mono_ns: 6 };
    let anchored = writer.anchor(anchor).unwrap();
    quotes(&mut writer, 0..20);
    let reader = Reader::open(dir.path()).unwrap();
    let mark = system::Mark::read(&reader.get(position).unwrap().unwrap()).unwrap();
    assert_eq!((mark.durable_position, mark.wall_ns), (position, 77));
    assert_eq!(system::Anchor::read(&reader.get(anchored).unwrap().unwrap()), Some(anchor));
    assert_eq!(reader.header().build(), "pinion 0.1.0 (test)");
    assert_eq!((reader.header().plan_hash, reader.header().epoch), ([0xab; 32], EPOCH));
    let last = fs::read(files(dir.path()).last().unwrap()).unwrap();
    assert_eq!(last[96..104], anchor.ticks.to_le_bytes());
    let start = system::Start::read(&reader.get(0).unwrap().unwrap()).unwrap();
    assert_eq!((start.epoch, &start.build[..19]), (EPOCH, b"pinion 0.1.0 (test)".as_slice()));
}

#[test]
fn a_second_writer_is_refused_while_the_first_runs_and_after_it() {
    let dir = tempfile::tempdir().unwrap();
    let writer = Writer::create(dir.path(), options(16)).unwrap();
    let error = Writer::create(dir.path(), options(16)).unwrap_err();
    assert!(matches!(error, JournalError::Locked { .. }), "{error}");
    writer.close(1, b"").unwrap();
    let error = Writer::create(dir.path(), Options::new(2)).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("journal-0123456789abcdef-") && text.contains("another directory"), "{text}");
    let fresh = tempfile::tempdir().unwrap();
    fs::write(fresh.path().join("notes.txt"), b"not a segment").unwrap();
    Writer::create(fresh.path(), options(16)).unwrap();
}

#[test]
fn a_directory_that_cannot_hold_a_journal_gives_an_error_that_says_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let missing = dir.path().join("missing");
    let text = Writer::create(&missing, options(16)).unwrap_err().to_string();
    assert!(text.contains("missing") && text.contains("Create the directory"), "{text}");
    assert!(Reader::open(&missing).unwrap_err().to_string().contains("missing"));
    let file = dir.path().join("file");
    fs::write(&file, b"").unwrap();
    let text = Writer::create(&file, options(16)).unwrap_err().to_string();
    assert!(text.contains("Give a directory"), "{text}");
    let text = verify(dir.path()).unwrap_err().to_string();
    assert!(text.contains("no journal-*.seg file"), "{text}");
    // No file can be created below /proc, not even by root: it stands for a read-only directory.
    let text = Writer::create("/proc/self", options(16)).unwrap_err().to_string();
    assert!(text.contains("/proc/self") && text.contains("cannot"), "{text}");
    let mut tiny = options(16);
    tiny.segment_bytes -= 1;
    let text = Writer::create(dir.path(), tiny).unwrap_err().to_string();
    assert!(text.contains("segment_bytes") && text.contains("6144"), "{text}");
}

#[test]
fn a_segment_that_cannot_be_made_fails_the_append_and_the_append_may_be_repeated() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = Writer::create(dir.path(), options(16)).unwrap();
    quotes(&mut writer, 0..15);
    let in_the_way = dir.path().join("journal-0123456789abcdef-00000000000000000016.seg.next");
    fs::write(&in_the_way, b"in the way").unwrap();
    assert!(matches!(writer.append(&quote(15)), Err(JournalError::Io { .. })));
    assert!(matches!(writer.append(&quote(15)), Err(JournalError::Io { .. })));
    assert!(matches!(writer.append_text(Kind::Plan, &[1; 500]), Err(JournalError::Io { .. })));
    assert_eq!(fs::read(&in_the_way).unwrap(), b"in the way", "never overwritten");
    fs::remove_file(&in_the_way).unwrap();
    assert_eq!(writer.append(&quote(15)).unwrap(), 16);
    // A finished segment of that name must not be overwritten either.
    writer.prepare_next().unwrap();
    quotes(&mut writer, 0..15);
    let taken = dir.path().join("journal-0123456789abcdef-00000000000000000032.seg");
    fs::write(&taken, b"taken").unwrap();
    assert!(matches!(writer.append(&quote(15)), Err(JournalError::Io { .. })));
    assert_eq!(fs::read(&taken).unwrap(), b"taken", "never overwritten");
    fs::remove_file(&taken).unwrap();
    assert_eq!(writer.append(&quote(15)).unwrap(), 32);
    let head = writer.close(1, b"").unwrap();
    assert!(verify(dir.path()).unwrap().agrees_with(&head));
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 3, "no prepared file is left behind");
}

#[test]
fn a_batch_or_text_without_room_is_refused_whole_so_no_group_stays_open() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = Writer::create(dir.path(), options(16)).unwrap();
    quotes(&mut writer, 0..10);
    let in_the_way = dir.path().join("journal-0123456789abcdef-00000000000000000016.seg.next");
    fs::write(&in_the_way, b"in the way").unwrap();
    assert!(matches!(writer.append_batch(&depth(1, 8)), Err(JournalError::Io { .. })));
    assert!(matches!(writer.append_text(Kind::Plan, &[1; 900]), Err(JournalError::Io { .. })));
    assert_eq!((writer.position(), writer.in_group()), (11, false));
    fs::remove_file(&in_the_way).unwrap();
    assert_eq!(writer.append_batch(&depth(1, 8)).unwrap(), 11);
    let head = writer.close(1, b"").unwrap();
    assert!(verify(dir.path()).unwrap().agrees_with(&head));
}

#[test]
fn reserved_kinds_and_breaks_of_an_open_group_are_refused_and_change_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = Writer::create(dir.path(), options(64)).unwrap();
    for kind in [0, Kind::Mark as u16, Kind::End as u16, Kind::Checkpoint as u16, Kind::Start as u16] {
        let mut record = quote(1);
        record.kind = kind;
        assert!(matches!(writer.append(&record), Err(JournalError::Reserved { .. })), "{kind:#x}");
    }
    assert!(matches!(writer.append_text(Kind::Anchor, b""), Err(JournalError::Reserved { .. })));
    let batch = [quote(1), Record { kind: Kind::End as u16, ..quote(2) }];
    assert!(matches!(writer.append_batch(&batch), Err(JournalError::Reserved { .. })));
    assert_eq!(writer.position(), 1, "nothing of the batch was appended");
    let mut open = quote(1);
    open.flags = FLAG_MORE;
    writer.append(&open).unwrap();
    assert!(writer.in_group());
    assert!(matches!(writer.mark(1), Err(JournalError::OpenGroup { position: 2 })));
    assert!(matches!(writer.anchor(Anchor::default()), Err(JournalError::OpenGroup { .. })));
    assert!(matches!(writer.append_text(Kind::Plan, b"x"), Err(JournalError::OpenGroup { .. })));
    writer.append(&quote(2)).unwrap();
    assert!(!writer.in_group());
    let unknown = Record { kind: 0x7777, ..quote(3) };
    writer.append(&unknown).unwrap();
    let head = writer.close(1, b"").unwrap();
    assert_eq!(head.records, 5);
    assert!(verify(dir.path()).unwrap().agrees_with(&head));
    assert_eq!(Reader::open(dir.path()).unwrap().get(3).unwrap().unwrap().kind(), None);
}

#[test]
fn a_cursor_kept_at_any_position_goes_on_there_also_behind_the_end() {
    for numbers in 1..40 {
        let dir = tempfile::tempdir().unwrap();
        let mut writer = Writer::create(dir.path(), options(16)).unwrap();
        quotes(&mut writer, 0..numbers);
        let next = writer.position();
        let reader = Reader::open(dir.path()).unwrap();
        let mut live = reader.cursor(next).unwrap();
        assert_eq!(live.next_record().unwrap(), None);
        assert!(matches!(reader.cursor(next + 1), Err(JournalError::NoSuchPosition { .. })));
        let head = writer.close(1, b"").unwrap();
        assert_eq!(live.next_record().unwrap().map(|record| record.position), Some(next));
        assert!(live.at_end());
        let mut behind = reader.cursor(head.records).unwrap();
        assert!(behind.at_end());
        assert_eq!(behind.next_record().unwrap(), None);
        assert!(matches!(reader.cursor(head.records + 1), Err(JournalError::NoSuchPosition { .. })));
    }
}

#[test]
fn a_group_that_is_not_complete_yet_is_not_handed_out_and_is_later() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = Writer::create(dir.path(), options(16)).unwrap();
    let frames = depth(1, 40);
    let (early, late) = frames.split_at(30);
    writer.append_batch(early).unwrap();
    let mut cursor = Reader::open(dir.path()).unwrap().cursor(1).unwrap();
    let mut group = Vec::new();
    assert!(!cursor.next_group(&mut group).unwrap());
    assert_eq!((group.len(), cursor.position()), (0, 1));
    writer.append_batch(late).unwrap();
    assert!(cursor.next_group(&mut group).unwrap());
    assert_eq!((group.len(), cursor.position()), (40, 41));
    assert!(!cursor.next_group(&mut group).unwrap());
}

#[test]
fn a_cursor_names_a_missing_segment_a_bad_frame_and_a_cut_file() {
    let dir = tempfile::tempdir().unwrap();
    unclosed(dir.path(), 16, 20);
    let files = files(dir.path());
    let kind_at = |from: u64| {
        let mut cursor = Reader::open(dir.path()).unwrap().cursor(from).unwrap();
        loop {
            match cursor.next_record() {
                Ok(Some(_)) => {}
                Ok(None) => return None,
                Err(JournalError::Bad(bad)) => return Some((bad.kind, bad.position, bad.file)),
                Err(error) => panic!("{error}"),
            }
        }
    };
    assert_eq!(kind_at(0), None);
    let saved = fs::read(&files[2]).unwrap();
    fs::remove_file(&files[2]).unwrap();
    assert_eq!(kind_at(0), Some((BadKind::Segment, 32, files[2].clone())));
    assert_eq!(kind_at(48), None, "the sound part behind it can still be read");
    let mut bad = saved.clone();
    frame(&mut bad, 3)[77] ^= 4;
    fs::write(&files[2], &bad).unwrap();
    assert_eq!(kind_at(0), Some((BadKind::Crc, 35, files[2].clone())));
    assert!(matches!(Reader::open(dir.path()).unwrap().get(35), Err(JournalError::Bad(_))));
    fs::write(&files[2], &saved[..4096 + 5 * 128 + 7]).unwrap();
    assert_eq!(kind_at(0), Some((BadKind::Length, 37, files[2].clone())));
    fs::write(&files[2], &saved[..100]).unwrap();
    assert_eq!(kind_at(0), Some((BadKind::Length, 32, files[2].clone())));
}
