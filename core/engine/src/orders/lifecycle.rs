//! The life of an order as a total table: every state with every event gives the next state, or
//! `None` where the pair cannot happen. A time-out or a lost connection leads to `Unknown`, never to a
//! rejection; only the venue's own evidence leads out of it.

use pinion_model::order::OrderStatus;

/// What can happen to an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderEvent {
    /// Risk let it pass.
    RiskPass,
    /// Risk refused it.
    RiskReject,
    /// The engine holds it until its trigger trades.
    Hold,
    /// It leaves for the venue.
    Send,
    /// A cancel leaves for the venue, or the engine drops what it held.
    Cancel,
    /// An amendment leaves for the venue.
    Replace,
    /// The venue has it.
    Accepted,
    /// The venue refused it.
    Rejected,
    /// Part of it traded.
    PartialFill,
    /// The last of it traded.
    LastFill,
    /// The venue cancelled it.
    Cancelled,
    /// It expired at the venue.
    Expired,
    /// The venue refused the cancel.
    CancelRejected,
    /// The venue amended it.
    Replaced,
    /// The venue refused the amendment.
    ReplaceRejected,
    /// The answer is missing.
    NoAnswer,
    /// The venue proved that it never had the order.
    ProvenAbsent,
}

impl OrderEvent {
    /// Every event.
    pub const ALL: [OrderEvent; 17] = {
        use OrderEvent::*;
        [
            RiskPass,
            RiskReject,
            Hold,
            Send,
            Cancel,
            Replace,
            Accepted,
            Rejected,
            PartialFill,
            LastFill,
            Cancelled,
            Expired,
            CancelRejected,
            Replaced,
            ReplaceRejected,
            NoAnswer,
            ProvenAbsent,
        ]
    };
}

/// The state after `event`, or `None` where a correct venue and a correct engine cannot produce it.
/// `has_fills` tells which of accepted and partially filled an order goes back to.
pub fn next(status: OrderStatus, event: OrderEvent, has_fills: bool) -> Option<OrderStatus> {
    use OrderEvent as E;
    use OrderStatus as S;
    let open = if has_fills { S::PartiallyFilled } else { S::Accepted };
    match status {
        S::Created => match event {
            E::RiskPass => Some(S::RiskPassed),
            E::RiskReject => Some(S::RiskRejected),
            _ => None,
        },
        S::RiskPassed => match event {
            E::Hold => Some(S::Held),
            E::Send => Some(S::Sent),
            _ => None,
        },
        S::Held => match event {
            E::Send => Some(S::Sent),
            E::Cancel => Some(S::Cancelled),
            _ => None,
        },
        S::Sent => match event {
            E::Cancel => Some(S::PendingCancel),
            other => answer(other, open),
        },
        // A cancel or an amendment races with everything that the venue may still say.
        S::PendingCancel => match event {
            E::Accepted | E::PartialFill => Some(S::PendingCancel),
            E::CancelRejected => Some(open),
            other => answer(other, open),
        },
        S::PendingReplace => match event {
            E::Accepted | E::PartialFill => Some(S::PendingReplace),
            E::Cancel => Some(S::PendingCancel),
            E::Replaced | E::ReplaceRejected => Some(open),
            other => answer(other, open),
        },
        S::Accepted | S::PartiallyFilled => match event {
            E::Cancel => Some(S::PendingCancel),
            E::Replace => Some(S::PendingReplace),
            // A fill can overtake the acknowledgement.
            E::Accepted => Some(open),
            other => answer(other, open),
        },
        S::Unknown => match event {
            E::ProvenAbsent => Some(S::Rejected),
            E::NoAnswer => Some(S::Unknown),
            E::CancelRejected | E::ReplaceRejected => Some(S::Unknown),
            E::Replaced => Some(open),
            other => answer(other, open),
        },
        S::RiskRejected => None,
        // The cancel that crossed with the end of the order is answered by a refusal, and the
        // acknowledgement may come after a fill. Neither changes anything.
        S::Rejected | S::Filled | S::Cancelled | S::Expired => match event {
            E::Accepted | E::CancelRejected | E::ReplaceRejected | E::NoAnswer => Some(status),
            _ => None,
        },
    }
}

/// What every order that the venue may have goes to.
fn answer(event: OrderEvent, open: OrderStatus) -> Option<OrderStatus> {
    use OrderEvent as E;
    use OrderStatus as S;
    match event {
        E::Accepted => Some(open),
        E::Rejected => Some(S::Rejected),
        E::PartialFill => Some(S::PartiallyFilled),
        E::LastFill => Some(S::Filled),
        E::Cancelled => Some(S::Cancelled),
        E::Expired => Some(S::Expired),
        E::NoAnswer => Some(S::Unknown),
        E::RiskPass | E::RiskReject | E::Hold | E::Send | E::Cancel | E::Replace => None,
        E::CancelRejected | E::Replaced | E::ReplaceRejected | E::ProvenAbsent => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use OrderEvent as E;
    use OrderStatus as S;

    fn all() -> impl Iterator<Item = (S, E, bool)> {
        S::ALL.iter().flat_map(|&s| E::ALL.iter().flat_map(move |&e| [false, true].map(|f| (s, e, f))))
    }

    #[test]
    fn a_final_order_stays_final() {
        for (status, event, fills) in all().filter(|(s, ..)| s.is_final()) {
            assert!(next(status, event, fills).is_none_or(|after| after == status));
        }
    }

    #[test]
    fn a_missing_answer_never_becomes_a_rejection() {
        for (status, _, fills) in all() {
            let after = next(status, E::NoAnswer, fills);
            assert!(
                after.is_none() || after == Some(S::Unknown) || (status.is_final() && after == Some(status))
            );
        }
    }

    #[test]
    fn only_the_venue_leads_out_of_unknown() {
        let ours = [E::RiskPass, E::RiskReject, E::Hold, E::Send, E::Cancel, E::Replace];
        for event in ours {
            assert_eq!(
                next(S::Unknown, event, false),
                None,
                "{event:?}: an unknown order is never touched again"
            );
        }
        assert_eq!(next(S::Unknown, E::LastFill, false), Some(S::Filled));
        assert_eq!(next(S::Unknown, E::ProvenAbsent, false), Some(S::Rejected));
    }

    #[test]
    fn nothing_reaches_the_venue_without_risk() {
        for (status, event, fills) in all() {
            if next(status, event, fills) == Some(S::Sent) {
                assert!(matches!(status, S::RiskPassed | S::Held));
            }
            if next(status, event, fills) == Some(S::RiskPassed) {
                assert_eq!((status, event), (S::Created, E::RiskPass));
            }
        }
    }

    #[test]
    fn every_open_order_can_end_and_be_filled_whatever_we_asked_meanwhile() {
        for &status in S::ALL.iter().filter(|s| !s.is_final()) {
            if matches!(status, S::Created | S::RiskPassed | S::Held) {
                continue;
            }
            for end in [E::LastFill, E::Cancelled, E::Expired, E::Rejected] {
                assert!(next(status, end, true).is_some_and(OrderStatus::is_final), "{status:?} {end:?}");
            }
        }
    }

    /// The whole table as text, so that a change of any cell is seen in review.
    #[test]
    fn the_table_is_the_documented_one() {
        let mut rows = String::new();
        for &status in S::ALL {
            let cells: Vec<String> = E::ALL
                .iter()
                .filter_map(|&e| {
                    let (clean, filled) = (next(status, e, false), next(status, e, true));
                    let cell = |s: S| s.label().to_string();
                    match (clean, filled) {
                        (None, None) => None,
                        (Some(a), Some(b)) if a == b => Some(format!("{e:?}={}", cell(a))),
                        (a, b) => Some(format!(
                            "{e:?}={}/{}",
                            a.map_or("-".into(), cell),
                            b.map_or("-".into(), cell)
                        )),
                    }
                })
                .collect();
            rows += format!("{}: {}", status.label(), cells.join(" ")).trim_end();
            rows += "\n";
        }
        assert_eq!(rows, include_str!("lifecycle.txt"), "{rows}");
    }
}
