//! A run as JSON, as a table for people, and as the closing line for scripts.

use super::measured::{figures, head, row};
use super::{Rig, Run, TickToOrderArgs};
use hdrhistogram::Histogram;
use pinion_runtime::latency::Stage;
use serde_json::{Value, json};

impl Run {
    fn stages(&self, ns_per_tick: f64) -> Vec<(&'static str, pinion_runtime::latency::Figures)> {
        let stages = Stage::ALL.iter().map(|s| (s.label(), self.stages.figures(*s, ns_per_tick)));
        stages.filter(|(_, f)| f.count > 0).collect()
    }

    pub(super) fn json(&self, args: &TickToOrderArgs, rig: &Rig, kept_up: bool) -> Value {
        let stages = self.stages(rig.ns_per_tick).into_iter().map(|(name, f)| {
            (
                name.to_string(),
                json!({"count": f.count, "p50": f.p50, "p99": f.p99, "p99.9": f.p999, "max": f.max}),
            )
        });
        json!({
            "bench": "tick-to-order",
            "build": crate::BUILD,
            "layout": format!("{:?}", args.layout).to_lowercase(),
            "durability": args.durability.label(),
            "path": if args.tcp { "loopback TCP and back" } else { "memory to bytes" },
            "verdict": if kept_up { "ok" } else { "FAIL" },
            "asked_per_second": self.load.rate,
            "achieved_per_second": self.driven.achieved,
            "frames": self.load.frames,
            "orders": self.counts.orders,
            "fills": self.counts.fills,
            "refused": self.counts.refused,
            "failed": self.counts.failed,
            "waits_for_the_journal": self.driven.waits,
            "journal_in": rig.scratch.parent().map(|p| p.display().to_string()),
            "tick_to_order_ns": figures(&self.driven.order),
            "frame_ns": figures(&self.driven.frame),
            "stages_ns": stages.collect::<serde_json::Map<String, Value>>(),
            "bare_echo_ns": self.echo.as_ref().map(figures),
        })
    }

    pub(super) fn text(
        &self,
        args: &TickToOrderArgs,
        rig: &Rig,
        kept_up: bool,
        hiccups: &Histogram<u64>,
        atomics: &Histogram<u64>,
        value: &Value,
    ) -> String {
        let e = &value["environment"];
        let mut text = format!(
            "tick to order, {}, {}, {}: {}\n  asked {:.0} frames a second, achieved {:.0}; {} orders, {} refused, {} failed, {} waits for the journal (in {})\n  {} processors, {}, kernel {}, isolated {}, governor {}, load {}, stolen {}\n\n{}\n",
            value["layout"].as_str().unwrap_or_default(),
            value["durability"].as_str().unwrap_or_default(),
            value["path"].as_str().unwrap_or_default(),
            if kept_up { "ok" } else { "FAIL" },
            self.load.rate,
            self.driven.achieved,
            self.counts.orders,
            self.counts.refused,
            self.counts.failed,
            self.driven.waits,
            value["journal_in"].as_str().unwrap_or_default(),
            e["processors"],
            e["cpu"].as_str().unwrap_or_default(),
            e["kernel"].as_str().unwrap_or_default(),
            e["isolated"].as_str().unwrap_or_default(),
            e["governor"].as_str().unwrap_or_default(),
            e["load"].as_str().unwrap_or_default(),
            e["stolen_ticks"],
            head(),
        );
        text += &format!("{}\n", row("tick to order", &self.driven.order));
        if let Some(echo) = &self.echo {
            text += &format!("{}\n", row("bare echo, same run", echo));
        } else {
            text += &format!("{}\n", row("every frame", &self.driven.frame));
        }
        text += &format!("{}\n", row("clock only (hiccups)", hiccups));
        text += &format!(
            "{}\n\n  stages, ns               p50      p99    p99.9\n",
            row("two atomics, round trip", atomics)
        );
        for (name, f) in self.stages(rig.ns_per_tick) {
            text += &format!("  {name:<20} {:>8.0} {:>8.0} {:>8.0}\n", f.p50, f.p99, f.p999);
        }
        if let Some(dir) = &args.out {
            text += &format!("\n  saved in {}\n", dir.display());
        }
        text
    }

    pub(super) fn result_line(&self, args: &TickToOrderArgs, kept_up: bool) -> String {
        let h = &self.driven.order;
        let at = |q| h.value_at_quantile(q);
        format!(
            "RESULT bench=tick-to-order layout={} durability={} path={} value={} unit=ns p90={} p99={} p99.9={} p99.99={} max={} asked={:.0} achieved={:.0} orders={} verdict={}",
            format!("{:?}", args.layout).to_lowercase(),
            args.durability.label(),
            if args.tcp { "tcp" } else { "memory" },
            at(0.5),
            at(0.9),
            at(0.99),
            at(0.999),
            at(0.9999),
            h.max(),
            self.load.rate,
            self.driven.achieved,
            self.counts.orders,
            if kept_up { "ok" } else { "FAIL" }
        )
    }
}
