//! `pinion doctor` on three machines: a tuned server, a laptop, and one of which nothing can be read.

mod tree;

use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};
use tree::Tree;

fn doctor(root: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pinion"));
    command.arg("doctor").arg("--root").arg(root).args(args).output().unwrap()
}

fn json(root: &Path, args: &[&str]) -> (Value, Option<i32>) {
    let output = doctor(root, &[args, &["--json"]].concat());
    (serde_json::from_slice(&output.stdout).unwrap(), output.status.code())
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

fn row<'a>(audit: &'a Value, name: &str) -> &'a Value {
    let rows = audit["rows"].as_array().unwrap();
    rows.iter().find(|r| r["name"] == name).unwrap_or_else(|| panic!("no row {name}"))
}

/// Every row, and how it stands on the server, on the laptop, on the laptop with `--cores 2-3`, and on nothing.
const ROWS: [(&str, [&str; 4]); 30] = [
    ("isolated cores", ["good", "degraded", "bad", "unknown"]),
    ("cores for the rest", ["good", "good", "good", "unknown"]),
    ("tick (nohz_full)", ["good", "degraded", "bad", "unknown"]),
    ("RCU callbacks", ["good", "degraded", "bad", "unknown"]),
    ("SMT siblings", ["good", "degraded", "bad", "unknown"]),
    ("kernel workers", ["good", "degraded", "bad", "unknown"]),
    ("lockup watchdogs", ["good", "degraded", "degraded", "unknown"]),
    ("RT throttling", ["good", "good", "good", "unknown"]),
    ("IRQ affinity", ["good", "degraded", "bad", "unknown"]),
    ("irqbalance", ["good", "degraded", "degraded", "unknown"]),
    ("interrupts seen", ["unknown", "unknown", "unknown", "unknown"]),
    ("steal time", ["good", "good", "good", "unknown"]),
    ("governor", ["good", "degraded", "bad", "unknown"]),
    ("C-states", ["good", "degraded", "bad", "unknown"]),
    ("turbo", ["good", "degraded", "degraded", "unknown"]),
    ("clocksource", ["good", "degraded", "bad", "unknown"]),
    ("TSC flags", ["good", "good", "good", "unknown"]),
    ("clock sync", ["good", "good", "good", "unknown"]),
    ("THP", ["good", "degraded", "degraded", "unknown"]),
    ("huge pages", ["good", "good", "good", "unknown"]),
    ("swap", ["good", "degraded", "bad", "unknown"]),
    ("memlock limit", ["good", "degraded", "bad", "unknown"]),
    ("vm.stat_interval", ["good", "degraded", "degraded", "unknown"]),
    ("NUMA balancing", ["good", "good", "good", "unknown"]),
    ("NUMA placement", ["good", "good", "good", "unknown"]),
    ("CPU mitigations", ["good", "degraded", "degraded", "unknown"]),
    ("NIC queues", ["good", "good", "bad", "unknown"]),
    ("NIC coalescing", ["good", "unknown", "unknown", "unknown"]),
    ("socket busy poll", ["good", "degraded", "degraded", "unknown"]),
    ("disk flush", ["unknown", "unknown", "unknown", "unknown"]),
];

#[test]
fn every_row_stands_as_it_should_on_each_machine() {
    let (server, laptop, empty) = (Tree::of("server"), Tree::of("laptop"), Tree::empty());
    let audits = [
        json(server.root(), &[]),
        json(laptop.root(), &[]),
        json(laptop.root(), &["--cores", "2-3"]),
        json(empty.root(), &[]),
    ];
    for (name, wanted) in ROWS {
        let statuses = audits.each_ref().map(|(audit, _)| row(audit, name)["status"].as_str().unwrap());
        assert_eq!(statuses, wanted, "{name}");
    }
    for (audit, _) in &audits {
        assert_eq!(audit["rows"].as_array().unwrap().len(), ROWS.len());
    }
    assert_eq!(audits.map(|(_, code)| code), [Some(0), Some(0), Some(1), Some(0)]);
}

#[test]
fn the_json_says_all_of_every_row_and_adds_up() {
    let server = Tree::of("server");
    let (audit, _) = json(server.root(), &[]);
    assert_eq!(audit["cores"], serde_json::json!([2, 3]));
    assert_eq!(audit["claims_isolation"], true);
    let rows = audit["rows"].as_array().unwrap();
    for row in rows {
        for key in ["group", "name", "status", "found", "wanted", "why", "mend"] {
            assert!(row[key].as_str().is_some_and(|s| !s.is_empty()), "{key} of {row}");
        }
    }
    for status in ["good", "degraded", "bad", "unknown"] {
        let count = rows.iter().filter(|r| r["status"] == status).count();
        assert_eq!(audit["summary"][status], count);
    }
    let file = server.path("audit.json");
    let output = doctor(server.root(), &[&format!("--json={}", file.display())]);
    assert_eq!(serde_json::from_slice::<Value>(&std::fs::read(&file).unwrap()).unwrap(), audit);
    assert!(text(&output).contains("CORES"), "the text is printed beside the file");
}

const CPU: &str = "sys/devices/system/cpu";

/// One thing at a time that spoils the server: the row, the file, what it says then, how the row stands.
const FAULTS: [(&str, &str, &str, &str); 33] = [
    ("isolated cores", "sys/devices/system/cpu/isolated", "2", "bad"),
    ("isolated cores", "proc/cmdline", "isolcpus=2-3 nohz_full=2-3 mitigations=auto", "degraded"),
    ("cores for the rest", "sys/devices/system/cpu/online", "2-3", "bad"),
    ("tick (nohz_full)", "sys/devices/system/cpu/nohz_full", "3", "bad"),
    ("SMT siblings", "sys/devices/system/cpu/cpu2/topology/thread_siblings_list", "2,9", "bad"),
    ("kernel workers", "sys/devices/virtual/workqueue/cpumask", "0000f3f7", "bad"),
    ("lockup watchdogs", "proc/sys/kernel/watchdog_cpumask", "0-15", "degraded"),
    ("lockup watchdogs", "proc/sys/kernel/nmi_watchdog", "1", "degraded"),
    ("IRQ affinity", "proc/irq/30/effective_affinity_list", "2", "bad"),
    ("IRQ affinity", "proc/irq/30/smp_affinity_list", "2-3", "degraded"),
    ("irqbalance", "proc/900/comm", "irqbalance", "degraded"),
    ("steal time", "proc/stat", "cpu  9000 0 0 90000 0 0 0 9000 0 0", "bad"),
    ("governor", "sys/devices/system/cpu/cpu3/cpufreq/scaling_governor", "powersave", "bad"),
    ("C-states", "sys/devices/system/cpu/cpu2/cpuidle/state3/disable", "0", "bad"),
    ("turbo", "sys/devices/system/cpu/intel_pstate/no_turbo", "0", "degraded"),
    ("clocksource", "sys/devices/system/clocksource/clocksource0/current_clocksource", "hpet", "bad"),
    (
        "clocksource",
        "sys/devices/system/clocksource/clocksource0/current_clocksource",
        "kvm-clock",
        "degraded",
    ),
    ("TSC flags", "proc/cpuinfo", "flags\t\t: fpu tsc constant_tsc", "bad"),
    ("clock sync", "proc/700/comm", "sleep", "bad"),
    ("THP", "sys/kernel/mm/transparent_hugepage/enabled", "[always] madvise never", "degraded"),
    ("THP", "sys/kernel/mm/transparent_hugepage/defrag", "[always] defer madvise never", "degraded"),
    ("swap", "proc/swaps", "Filename Type Size Used Priority\n/swapfile file 1 0 -2", "bad"),
    ("memlock limit", "proc/self/limits", "Max locked memory  65536  65536  bytes", "bad"),
    ("vm.stat_interval", "proc/sys/vm/stat_interval", "1", "degraded"),
    ("NUMA balancing", "proc/sys/kernel/numa_balancing", "1", "degraded"),
    ("NUMA placement", "sys/class/net/eth0/device/numa_node", "1", "bad"),
    ("NUMA placement", "sys/devices/system/node/node1/cpulist", "3-7", "bad"),
    ("CPU mitigations", "proc/cmdline", "isolcpus=managed_irq,domain,2-3", "degraded"),
    ("RCU callbacks", "sys/devices/system/cpu/nohz_full", "2-3", "good"),
    ("NIC queues", "sys/class/net/eth0/queues/rx-1/rps_cpus", "0004", "bad"),
    ("NIC coalescing", "sys/class/net/eth0/napi_defer_hard_irqs", "0", "unknown"),
    ("socket busy poll", "proc/sys/net/core/busy_read", "0", "degraded"),
    ("RT throttling", "proc/sys/kernel/sched_rt_runtime_us", "-1", "good"),
];

#[test]
fn each_fault_is_found_in_its_own_row() {
    let server = Tree::of("server");
    for (name, file, content, status) in FAULTS {
        let before = std::fs::read(server.path(file)).ok();
        server.put(file, content);
        let (audit, code) = json(server.root(), &["--cores", "2-3"]);
        assert_eq!(row(&audit, name)["status"], status, "{file}: {content}\n{}", row(&audit, name));
        assert_eq!(code, Some(i32::from(audit["summary"]["bad"] != 0)), "{file}");
        match before {
            Some(bytes) => std::fs::write(server.path(file), bytes).unwrap(),
            None => std::fs::remove_file(server.path(file)).unwrap(),
        }
    }
    assert_eq!(json(server.root(), &[]).0["summary"]["good"], 28, "every fault was taken back");
}

#[test]
fn what_the_faults_cannot_show_by_one_file() {
    let server = Tree::of("server");
    server.put("proc/cmdline", "isolcpus=managed_irq,domain,2-3");
    server.put(&format!("{CPU}/nohz_full"), "");
    assert_eq!(row(&json(server.root(), &[]).0, "RCU callbacks")["status"], "bad");
    server.put("proc/cmdline", "isolcpus=managed_irq,domain,2-3 rcu_nocbs=all");
    assert_eq!(row(&json(server.root(), &[]).0, "RCU callbacks")["status"], "good");
    // A request that is held open counts as much as states that are switched off.
    server.put(&format!("{CPU}/cpu2/cpuidle/state3/disable"), "0");
    std::fs::create_dir_all(server.path("dev")).unwrap();
    std::fs::write(server.path("dev/cpu_dma_latency"), 0i32.to_ne_bytes()).unwrap();
    assert_eq!(row(&json(server.root(), &[]).0, "C-states")["status"], "good");
    server.put("sys/kernel/mm/transparent_hugepage/enabled", "always madvise [never]");
    server.put("proc/meminfo", "HugePages_Total:       0");
    assert_eq!(row(&json(server.root(), &[]).0, "huge pages")["status"], "degraded");
    server.put("proc/self/limits", "Max locked memory  65536  65536  bytes");
    server.put("proc/self/status", "CapEff:\t0000000000004000");
    assert_eq!(row(&json(server.root(), &[]).0, "memlock limit")["status"], "good", "CAP_IPC_LOCK");
    // Off, RT throttling is right only where cores are isolated.
    let laptop = Tree::of("laptop");
    laptop.put("proc/sys/kernel/sched_rt_runtime_us", "-1");
    assert_eq!(row(&json(laptop.root(), &[]).0, "RT throttling")["status"], "degraded");
}

#[test]
fn the_table_fits_100_columns_and_is_plain_when_piped() {
    for tree in [Tree::of("server"), Tree::of("laptop"), Tree::empty()] {
        let output = doctor(tree.root(), &["--cores", "2-3"]);
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.lines().all(|l| l.chars().count() <= 100), "{text}");
        assert!(!text.contains('\x1b'));
        for (name, _) in ROWS {
            let at_its_place = |l: &&str| l.get(9..).is_some_and(|l| l.starts_with(&format!("{name} ")));
            assert_eq!(text.lines().filter(at_its_place).count(), 1, "{name}\n{text}");
        }
        assert_eq!(text.matches("why:").count(), ROWS.len());
        let open =
            text.lines().filter(|l| ["bad ", "degraded ", "unknown "].iter().any(|s| l.starts_with(s)));
        assert_eq!(text.matches("mend:").count(), open.count(), "what is not good says what mends it");
    }
}

#[test]
fn a_flush_is_measured_where_asked_and_leaves_nothing_behind() {
    let (empty, dir) = (Tree::empty(), Tree::empty());
    let (audit, code) = json(empty.root(), &["--dir", dir.root().to_str().unwrap()]);
    let disk = row(&audit, "disk flush");
    assert!(disk["found"].as_str().unwrap().contains("ms (worst"), "{disk}");
    assert_eq!(code, Some(0));
    assert!(dir.contents().is_empty());
}

#[test]
fn wrong_use_is_told_apart_from_a_bad_machine() {
    let server = Tree::of("server");
    for (args, word) in [
        (["--cores", "2-99"], "there is no core 10-11,16-99"),
        (["--cores", "two"], "write 2-3 or 2,3"),
        (["--cores", ""], "write 2-3 or 2,3"),
        (["--dir", "/there/is/no/such"], "--dir: there is no directory"),
    ] {
        let output = doctor(server.root(), &args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(text(&output).contains(word), "{args:?}: {}", text(&output));
    }
    let output = doctor(Path::new("/there/is/no/such"), &[]);
    assert_eq!(output.status.code(), Some(2));
    let help = text(&doctor(server.root(), &["--help"]));
    assert!(help.contains("Example: pinion doctor"), "{help}");
}

#[test]
fn the_machine_itself_can_be_audited() {
    let (audit, code) = json(Path::new("/"), &[]);
    assert_eq!(audit["rows"].as_array().unwrap().len(), ROWS.len());
    assert_eq!(code, Some(i32::from(audit["summary"]["bad"] != 0)));
    assert_ne!(row(&audit, "interrupts seen")["found"], "a copy cannot be watched");
}
