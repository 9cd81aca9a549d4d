//! The scripts of `tuning/` on copies of machines: what they say, what they change, and that they put it back.

mod tree;

use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;
use tree::Tree;

const STAGES: [&str; 9] = [
    "boot-isolation",
    "irq-affinity",
    "workqueues",
    "smt",
    "c-states",
    "frequency",
    "memory",
    "network",
    "clock",
];

/// A machine, the place for its old values, and a record of the commands that were run.
struct Bench {
    tree: Tree,
    aside: TempDir,
}

impl Bench {
    fn of(name: &str) -> Bench {
        let bench = Bench { tree: Tree::of(name), aside: tempfile::tempdir().unwrap() };
        // A card with coalescing and GRO on, and without LRO.
        bench.command(
            "ethtool",
            "case $1 in\n-c) printf 'Adaptive RX: on  TX: off\\nrx-usecs: 8\\n' ;;\n\
             -k) printf 'generic-receive-offload: on\\nlarge-receive-offload: off [fixed]\\n' ;;\nesac\n",
        );
        for name in ["systemctl", "swapoff", "swapon"] {
            bench.command(name, "");
        }
        bench
    }

    fn command(&self, name: &str, body: &str) {
        let path = self.tree.path(&format!("bin/{name}"));
        self.tree.put(
            &format!("bin/{name}"),
            &format!("#!/bin/sh\ncase $1 in -c | -k) ;; *) echo \"{name} $*\" >>\"$CALLS\" ;; esac\n{body}"),
        );
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn state(&self) -> PathBuf {
        self.aside.path().join("state")
    }

    fn calls(&self) -> Vec<String> {
        let text = fs::read_to_string(self.aside.path().join("calls")).unwrap_or_default();
        text.lines().map(str::to_string).collect()
    }

    fn stage(&self, stage: &str, args: &[&str]) -> Output {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tuning");
        let mut command = Command::new("sh");
        command.arg(folder.join(stage)).args(args);
        command.env("PINION_TUNING_ROOT", self.tree.root()).env("PINION_TUNING_STATE", self.state());
        command.env("CALLS", self.aside.path().join("calls")).output().unwrap()
    }

    fn doctor(&self, row: &str) -> String {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pinion"));
        command.args(["doctor", "--json", "--cores", "2-3", "--root"]).arg(self.tree.root());
        let audit: Value = serde_json::from_slice(&command.output().unwrap().stdout).unwrap();
        let rows = audit["rows"].as_array().unwrap();
        rows.iter().find(|r| r["name"] == row).unwrap()["status"].as_str().unwrap().to_string()
    }

    /// What is there now and was not, or the other way round.
    fn changes(&self, before: &BTreeMap<PathBuf, Option<String>>) -> Vec<String> {
        let now = self.tree.contents();
        let gone = before.iter().filter(|(path, text)| now.get(*path) != Some(text)).map(|c| ("was", c));
        let new = now.iter().filter(|(path, text)| before.get(*path) != Some(text)).map(|c| ("is", c));
        gone.chain(new).map(|(when, (path, text))| format!("{when} {}: {text:?}", path.display())).collect()
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.tree.path(path)).unwrap().trim().to_string()
    }
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[test]
fn every_stage_puts_back_what_it_changed_byte_for_byte() {
    let bench = Bench::of("laptop");
    let before = bench.tree.contents();
    for stage in STAGES {
        let check = bench.stage(stage, &["check", "--cores", "2-3"]);
        assert_eq!(check.status.code(), Some(1), "a laptop differs in {stage}: {}", text(&check));
        // Twice: the second must not take the first one's values for the old ones.
        for _ in 0..2 {
            let apply = bench.stage(stage, &["apply", "--cores", "2-3", "--turbo", "off", "--yes"]);
            assert_eq!(apply.status.code(), Some(0), "{}", text(&apply));
        }
        assert!(!bench.changes(&before).is_empty(), "{stage} changed nothing");
        let undo = bench.stage(stage, &["undo", "--yes"]);
        assert_eq!(undo.status.code(), Some(0), "{}", text(&undo));
        assert_eq!(bench.changes(&before), [""; 0], "{stage} left something behind");
        assert!(!bench.state().exists(), "{stage} left its old values behind");
    }
}

#[test]
fn a_dry_run_writes_nothing_and_says_what_it_would_do() {
    let bench = Bench::of("laptop");
    let before = bench.tree.contents();
    for args in [&["check", "--cores", "2-3", "--yes"][..], &["apply", "--cores", "2-3"], &["undo"]] {
        let output = bench.stage("all", args);
        assert_eq!(bench.changes(&before), [""; 0], "{args:?}");
        assert!(!bench.state().exists() && bench.calls().is_empty(), "{args:?}");
        assert_eq!(
            text(&output).contains("would write 0 to /sys/devices/system/cpu/cpu6/online"),
            args[0] == "apply"
        );
    }
    bench.stage("all", &["apply", "--cores", "2-3", "--yes"]);
    let (applied, calls) = (bench.tree.contents(), bench.calls());
    let undo = text(&bench.stage("all", &["undo"]));
    assert!(undo.contains("would put back /proc/sys/vm/stat_interval: 1"), "{undo}");
    assert!(undo.contains("would run: swapon /dev/nvme0n1p3"), "{undo}");
    assert_eq!(bench.changes(&applied), [""; 0]);
    assert_eq!(bench.calls(), calls);
}

#[test]
fn what_is_applied_is_what_doctor_wants() {
    const MENDED: [&str; 11] = [
        "SMT siblings",
        "kernel workers",
        "lockup watchdogs",
        "governor",
        "C-states",
        "turbo",
        "clocksource",
        "THP",
        "vm.stat_interval",
        "NIC queues",
        "socket busy poll",
    ];
    let bench = Bench::of("laptop");
    // What the kernel would show afterwards, and a copy cannot.
    bench.tree.put("proc/irq/24/effective_affinity_list", "0");
    for row in MENDED {
        assert_ne!(bench.doctor(row), "good", "{row} before");
    }
    let apply = bench.stage("all", &["apply", "--cores", "2-3", "--turbo", "off", "--yes"]);
    assert_eq!(apply.status.code(), Some(0), "{}", text(&apply));
    bench.tree.put("sys/devices/system/cpu/online", "0-5");
    // The kernel brackets its choice; a copy holds what was written.
    bench.tree.put("sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never");
    for row in MENDED.iter().chain(&["IRQ affinity"]) {
        assert_eq!(bench.doctor(row), "good", "{row} after");
    }
    for (file, value) in [
        ("proc/irq/default_smp_affinity", "33"),
        ("proc/irq/24/smp_affinity_list", "0-1,4-5"),
        ("proc/irq/26/smp_affinity_list", "0-7"),
        ("sys/devices/virtual/workqueue/cpumask", "33"),
        ("sys/class/net/wlan0/queues/rx-0/rps_cpus", "33"),
        ("sys/devices/system/cpu/cpu2/cpuidle/state3/disable", "1"),
        ("sys/devices/system/cpu/cpu0/cpuidle/state3/disable", "0"),
        ("sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "powersave"),
        (
            "etc/default/grub.d/90-pinion.cfg",
            "GRUB_CMDLINE_LINUX=\"$GRUB_CMDLINE_LINUX isolcpus=managed_irq,domain,2-3 nohz_full=2-3 \
             rcu_nocbs=2-3 irqaffinity=0-1,4-5\"",
        ),
    ] {
        assert_eq!(bench.read(file), value, "{file}");
    }
}

#[test]
fn commands_are_run_and_taken_back_in_reverse() {
    let bench = Bench::of("laptop");
    bench.stage("all", &["apply", "--cores", "2-3", "--yes"]);
    assert_eq!(
        bench.calls(),
        [
            "systemctl stop irqbalance",
            "swapoff /dev/nvme0n1p3",
            "ethtool -C wlan0 adaptive-rx off",
            "ethtool -C wlan0 rx-usecs 0",
            "ethtool -K wlan0 gro off",
        ]
    );
    bench.stage("all", &["undo", "--yes"]);
    assert_eq!(
        bench.calls()[5..],
        [
            "ethtool -K wlan0 gro on",
            "ethtool -C wlan0 rx-usecs 8",
            "ethtool -C wlan0 adaptive-rx on",
            "swapon /dev/nvme0n1p3",
            "systemctl start irqbalance",
        ]
    );
}

#[test]
fn a_command_that_fails_is_a_failure_and_is_not_taken_back() {
    let bench = Bench::of("laptop");
    bench.command("swapoff", "exit 1\n");
    let apply = bench.stage("memory", &["apply", "--yes"]);
    assert_eq!(apply.status.code(), Some(1));
    assert!(text(&apply).contains("FAILED: this failed: swapoff /dev/nvme0n1p3"), "{}", text(&apply));
    bench.stage("memory", &["undo", "--yes"]);
    assert_eq!(bench.calls(), ["swapoff /dev/nvme0n1p3"], "nothing was on that must be put on again");
}

#[test]
fn a_device_that_went_away_does_not_stop_undo() {
    let bench = Bench::of("laptop");
    bench.stage("irq-affinity", &["apply", "--cores", "2-3", "--yes"]);
    fs::remove_dir_all(bench.tree.path("proc/irq/24")).unwrap();
    let undo = bench.stage("irq-affinity", &["undo", "--yes"]);
    assert_eq!(undo.status.code(), Some(0), "{}", text(&undo));
    assert_eq!(bench.read("proc/irq/25/smp_affinity_list"), "0-7");
    assert!(!bench.state().exists());
}

#[test]
fn a_tuned_server_passes_every_check() {
    let bench = Bench::of("server");
    bench.command(
        "ethtool",
        "case $1 in -c) echo 'rx-usecs: 0' ;; -k) echo 'generic-receive-offload: off' ;; esac\n",
    );
    bench.tree.put("etc/security/limits.d/90-pinion.conf", LIMITS);
    let check = bench.stage("all", &["check"]);
    assert_eq!(check.status.code(), Some(0), "{}", text(&check));
    let before = bench.tree.contents();
    bench.stage("all", &["apply", "--yes"]);
    assert_eq!(bench.changes(&before), [""; 0]);
}

const LIMITS: &str = "# Locked memory for those who run Pinion (tuning/memory).\n@pinion - memlock unlimited";

#[test]
fn wrong_use_says_what_is_right() {
    let bench = Bench::of("laptop");
    for (stage, args, word) in [
        ("smt", &[][..], "usage: tuning/smt check | apply | undo"),
        ("smt", &["apply", "--no-such"], "usage: tuning/smt"),
        ("smt", &["apply"], "give --cores LIST, e.g. --cores 2-3"),
        ("smt", &["apply", "--cores", "2;3"], "is not a list of cores"),
        ("smt", &["apply", "--cores", "2-9"], "there is no core 8-9"),
        ("smt", &["apply", "--cores", "0-7"], "leaves no core for everything else"),
        ("frequency", &["apply", "--cores", "2", "--turbo", "fast"], "--turbo is on or off"),
        ("network", &["apply", "--cores", "2", "--nic", "eth9"], "there is no card eth9"),
        ("all", &["apply"], "give --cores LIST"),
    ] {
        let output = bench.stage(stage, args);
        assert_eq!(output.status.code(), Some(2), "{stage} {args:?}");
        assert!(text(&output).contains(word), "{stage} {args:?}: {}", text(&output));
    }
}

#[test]
fn masks_of_many_processors_are_written_as_the_kernel_reads_them() {
    let bench = Bench::of("laptop");
    bench.tree.put("sys/devices/system/cpu/online", "0-39");
    bench.tree.put("sys/devices/virtual/workqueue/cpumask", "ff,ffffffff");
    // The siblings of hot cores, 6 and 7 on the laptop, are not for the rest either.
    for (cores, mask) in [("2-3", "ff,ffffff33"), ("32-39", "ffffffff"), ("0-31", "ff,00000000")] {
        let apply = text(&bench.stage("workqueues", &["apply", "--cores", cores]));
        assert!(
            apply.contains(&format!("write {mask} to /sys/devices/virtual/workqueue/cpumask")),
            "{apply}"
        );
    }
}

#[test]
fn cores_that_share_one_are_named() {
    let bench = Bench::of("laptop");
    let check = text(&bench.stage("smt", &["check", "--cores", "2,6"]));
    assert!(check.contains("cores 2,6 of --cores are one core"), "{check}");
}
