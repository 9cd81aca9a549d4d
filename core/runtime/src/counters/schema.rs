//! What is counted: for each kind of slot its counters, with a unit, a name and a sentence.

/// A counter's definition, which the file carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Definition {
    /// Its name.
    pub name: &'static str,
    /// Its unit: `count`, `ticks`, `ns`, `items`, `bool`, `hertz`.
    pub unit: &'static str,
    /// What it means.
    pub doc: &'static str,
}

/// Kinds of slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Kind {
    /// The session as a whole; the main thread writes it.
    Process = 1,
    /// An agent; its own thread writes it.
    Agent = 2,
    /// A thread as the system sees it; the main thread writes it.
    Thread = 3,
    /// A link; the sending thread writes it.
    Link = 4,
    /// A feed's refused lines by reason; the thread that decodes writes it.
    Feed = 5,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Kind; 5] = [Kind::Process, Kind::Agent, Kind::Thread, Kind::Link, Kind::Feed];
}

macro_rules! counters {
    ($(#[$doc:meta])* $kind:ident { $($variant:ident $name:literal $unit:literal $text:literal)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $kind {
            $(#[doc = $text] $variant,)*
        }

        impl $kind {
            /// Definitions, in the order of the slot's words.
            pub const ALL: &[Definition] =
                &[$(Definition { name: $name, unit: $unit, doc: $text }),*];
        }

        impl From<$kind> for usize {
            fn from(counter: $kind) -> usize {
                counter as usize
            }
        }
    };
}

counters! {
    /// Counters of the session as a whole.
    Process {
        State "state" "count" "1 running, 2 ended, 3 ended by an error. A process that is gone in state 1 crashed."
        Ticks "ticks" "ticks" "Time-stamp counter when the main thread last looked; with wall_ns it ties ticks to UTC."
        WallNs "wall_ns" "ns" "UTC since 1970 at that moment: how fresh everything else can be."
        TicksPerSecond "ticks_per_second" "hertz" "Rate of the time-stamp counter, measured since the start."
        Looks "looks" "count" "How often the main thread looked at its threads; about once a second."
        HotAllocations "hot_allocations" "count" "Allocations and frees on threads that must not. Normal: 0."
        HotAllocationsCounted "hot_allocations_counted" "bool" "1 when hot_allocations is counted in this build."
        Locked "locked" "bool" "1 when the file is locked in memory, so that a store to it cannot fault."
        InMemory "in_memory" "bool" "1 when the file lies on tmpfs, 0 when on a disk's file system."
        Recorded "recorded" "bool" "1 when the session is fed from a recording, as fast as it goes."
    }
}

counters! {
    /// Counters of an agent.
    Agent {
        ThreadId "thread_id" "count" "The system's number of the thread, 0 before it starts."
        Ended "ended" "bool" "1 once the agent has done its last work."
        Items "items" "items" "Pieces of work done."
        DutyCycles "duty_cycles" "count" "Turns of the agent's loop, with work or without."
        Busy "busy" "ticks" "Time in turns that did something."
        Idle "idle" "ticks" "Time in turns that found nothing to do, with the waiting after them."
        Blocked "blocked" "ticks" "Time waiting for another thread: no room in a link, or no answer yet."
        Housekeeping "housekeeping" "ticks" "Time in durable marks, new segments and other upkeep."
        Longest "longest" "ticks" "Longest turn, without the time it was blocked."
        Slow "slow" "count" "Turns that took as long as slow_from or longer."
        SlowFrom "slow_from" "ns" "From when on a turn counts as slow."
        LastTurn "last_turn" "ticks" "Time-stamp counter at the end of the last turn."
        LastWork "last_work" "ticks" "Time-stamp counter at the end of the last turn that did something."
        EndMinorFaults "end_minor_faults" "count" "Page faults as the thread itself counted them at its end; 0 before."
        EndMajorFaults "end_major_faults" "count" "Page faults that read a disk, likewise."
        EndVoluntary "end_voluntary" "count" "Times that the thread gave up its processor, likewise."
        EndInvoluntary "end_involuntary" "count" "Times that the thread was taken off its processor, likewise."
    }
}

counters! {
    /// Counters of a thread, as another one reads them from the system.
    Thread {
        MinorFaults "minor_faults" "count" "Page faults without a disk."
        MajorFaults "major_faults" "count" "Page faults that read a disk."
        Voluntary "voluntary" "count" "Times that it gave up its processor: it waited."
        Involuntary "involuntary" "count" "Times that it was taken off its processor for another thread."
        WarmSet "warm_set" "bool" "1 once the four counts of its first second have been kept below."
        WarmMinorFaults "warm_minor_faults" "count" "minor_faults at the end of the first second."
        WarmMajorFaults "warm_major_faults" "count" "major_faults at the end of the first second."
        WarmVoluntary "warm_voluntary" "count" "voluntary at the end of the first second."
        WarmInvoluntary "warm_involuntary" "count" "involuntary at the end of the first second."
    }
}

counters! {
    /// Counters of a link.
    Link {
        Depth "depth" "items" "Items that it can hold."
        InUse "in_use" "items" "Items in it when its sender last looked."
        HighWater "high_water" "items" "Most items that its sender saw in it."
        Refused "refused" "count" "Times that the sender did not get the credits it asked for."
        Lost "lost" "items" "Items dropped for want of room. Normal: 0."
    }
}

counters! {
    /// First counters of a feed; one for each reason follows.
    Feed {
        Refused "refused" "count" "Lines or messages that were refused, for all reasons."
    }
}
