# What the stages share: options, sets of processors, and steps that can be checked, taken and taken back.
#
# A stage is a script that defines `plan`, a list of steps, and calls `run_stage "$@"`. The steps are
#   set_value PATH VALUE [KIND]   a file of the kernel; KIND is word (default), list or mask
#   keep_off PATH KIND            a set of processors that should name no hot core
#   write_file PATH TEXT          a configuration file of our own
#   run_step STATE DO UNDO        a command, when STATE is `todo`; `ok` when there is nothing to do
#   remark STATE TEXT             something that only a person can do: STATE is ok or todo
# Nothing is changed without --yes. What a step changes is kept under the state directory before it is changed,
# and only once: a second apply keeps what the first one found.
#
# Exit codes: 0 as wanted or done, 1 something differs or failed, 2 wrong use.
# shellcheck shell=sh

# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/sets.sh"

ROOT=${PINION_TUNING_ROOT:-}
STATE=${PINION_TUNING_STATE:-/var/lib/pinion-tuning}
CPU=/sys/devices/system/cpu
STAGE=$(basename "$0")

usage() {
    cat >&2 <<END
usage: tuning/$STAGE check | apply | undo  [--cores LIST] [--turbo on|off] [--nic NAME] [--yes]

  check        compare this machine with what is wanted; exit code 1 when it differs
  apply        say what would be changed; with --yes, change it
  undo         say what would be put back; with --yes, put it back
  --cores      cores of hot threads, e.g. 2-3; without it those that the kernel isolates
  --turbo      frequency: switch turbo on or off; without it, it stays as it is
  --nic        network: that card only; without it every card

PINION_TUNING_STATE: where old values are kept (default /var/lib/pinion-tuning)
PINION_TUNING_ROOT:  a copy of /proc, /sys and /etc to work on, with its commands in bin/ (for tests)
END
    exit 2
}

say() { printf '%s: %s\n' "$STAGE" "$*"; }

stop() {
    printf '%s: %s\n' "$STAGE" "$*" >&2
    exit 2
}

# --- the machine ----------------------------------------------------------------------------------------------

has() { [ -e "$ROOT$1" ]; }

# What a file of the kernel says; of a line like `always [madvise] never` the chosen word.
value_of() { sed -n '1{s/.*\[\(.*\)\].*/\1/;p;}' "$ROOT$1" 2>/dev/null; }

# A command of the machine; of a copied machine only what lies in its bin/.
tool() {
    if [ -n "$ROOT" ]; then
        [ -x "$ROOT/bin/$1" ] && printf '%s\n' "$ROOT/bin/$1"
    else
        command -v "$1"
    fi
}

# Runs a line of words.
run_line() {
    # shellcheck disable=SC2086  # the line is words, none of which holds a space
    set -- $1
    line_tool=$(tool "$1") || return 127
    shift
    "$line_tool" "$@"
}

running() { # NAME: a process of that name
    grep -qsx "$1" "$ROOT"/proc/[0-9]*/comm
}

# Hot cores in CORES; the cores that are neither hot nor a sibling of a hot one in REST.
need_cores() {
    [ -n "$CORES" ] || CORES=$(value_of $CPU/isolated)
    [ -n "$CORES" ] || stop "which cores are for hot threads? none is isolated yet; give --cores LIST, e.g. --cores 2-3"
    cores_online=$(value_of $CPU/online)
    [ -n "$cores_online" ] || stop "$CPU/online cannot be read: is this Linux with /sys?"
    cores_missing=$(without "$CORES" "$cores_online")
    [ -z "$cores_missing" ] || stop "--cores: there is no core $cores_missing; this machine has $cores_online"
    REST=$(without "$cores_online" "$CORES")
    for cores_hot in $(expand "$CORES"); do
        REST=$(without "$REST" "$(value_of "$CPU/cpu$cores_hot/topology/thread_siblings_list")")
    done
    [ -n "$REST" ] || stop "--cores $CORES leaves no core for everything else"
}

# --- what is kept for undo ------------------------------------------------------------------------------------

kept() { # PATH-OR-COMMAND: true when it was kept before
    [ -d "$STATE/$STAGE" ] && grep -qsxF -- "$1" "$STATE/$STAGE"/*.what
}

# A number for the next kept thing, in KEEP; creates the folder.
next_kept() {
    mkdir -p "$STATE/$STAGE" || stop "cannot write to $STATE"
    keep_last=$(find "$STATE/$STAGE" -name '*.what' | sed 's/.*\/0*\([0-9]*\)\.what$/\1/' | sort -n | tail -n 1)
    KEEP=$STATE/$STAGE/$(printf '%05d' "$((${keep_last:-0} + 1))")
}

# --- steps ----------------------------------------------------------------------------------------------------

same() { # KIND NOW WANTED
    case $1 in
    list) [ "$(expand "$2")" = "$(expand "$3")" ] ;;
    mask) [ "$(plain_mask "$2")" = "$(plain_mask "$3")" ] ;;
    *) [ "$2" = "$3" ] ;;
    esac
}

set_value() {
    [ -n "$2" ] || stop "no value for $1: a command that this script needs has failed"
    if ! has "$1"; then
        say "skipped: $1 is not on this machine"
        return
    fi
    step_now=$(value_of "$1")
    if same "${3:-word}" "$step_now" "$2"; then
        say "ok: $1 is $step_now"
        return
    fi
    case $VERB$YES in
    check*) differs "$1 is $step_now, wanted $2" ;;
    apply) say "would write $2 to $1 (now $step_now)" ;;
    applyyes)
        KEEP=
        if ! kept "$1"; then
            next_kept
            cat "$ROOT$1" >"$KEEP.old" && printf '%s\n' "$1" >"$KEEP.what"
        fi
        if put "$2" "$1"; then
            say "wrote $2 to $1 (was $step_now)"
        else
            [ -z "$KEEP" ] || rm -f "$KEEP.old" "$KEEP.what"
            refused "$1: the kernel refuses $2; it stays $step_now"
        fi
        ;;
    esac
}

keep_off() {
    keep_now=$(value_of "$1")
    keep_wanted=$REST
    keep_list=$keep_now
    if [ "$2" = mask ]; then
        keep_list=$(mask_to_list "$keep_now")
        keep_wanted=$(list_to_mask "$REST")
    fi
    if has "$1" && [ -z "$(common "$keep_list" "$CORES")" ]; then
        say "ok: $1 is $keep_now"
    else
        set_value "$1" "$keep_wanted" "$2"
    fi
}

# Writes a value to a file of the kernel, which says no by a failing write.
put() { { printf '%s\n' "$1" >"$ROOT$2"; } 2>/dev/null; }

write_file() {
    if has "$1" && [ "$(cat "$ROOT$1")" = "$2" ]; then
        say "ok: $1 is in place"
        return
    fi
    case $VERB$YES in
    check*) differs "$1 is not in place" ;;
    apply) printf '%s\n' "$STAGE: would write $1:" "$2" ;;
    applyyes)
        if ! kept "$1"; then
            next_kept
            # Without an .old beside it the file is ours, and undo removes it.
            if has "$1"; then cat "$ROOT$1" >"$KEEP.old"; fi
            keep_folder=$(dirname "$1")
            while ! has "$keep_folder"; do
                printf '%s\n' "$keep_folder" >>"$KEEP.folder"
                keep_folder=$(dirname "$keep_folder")
            done
            printf '%s\n' "$1" >"$KEEP.what"
        fi
        if mkdir -p "$(dirname "$ROOT$1")" && printf '%s\n' "$2" >"$ROOT$1"; then
            say "wrote $1"
        else
            failed "$1 cannot be written"
        fi
        ;;
    esac
}

run_step() {
    case $1$VERB$YES in
    ok*) say "ok: nothing to do for: $2" ;;
    todocheck*) differs "not done: $2" ;;
    todoapply) say "would run: $2" ;;
    todoapplyyes)
        KEEP=
        if ! kept "$2"; then
            next_kept
            printf '%s\n' "$3" >"$KEEP.undo" && printf '%s\n' "$2" >"$KEEP.what"
        fi
        if run_line "$2"; then
            say "ran: $2"
        else
            [ -z "$KEEP" ] || rm -f "$KEEP.undo" "$KEEP.what"
            failed "this failed: $2"
        fi
        ;;
    esac
}

remark() {
    case $1$VERB in
    ok*) say "ok: $2" ;;
    todocheck) differs "$2" ;;
    todo*) say "by hand: $2" ;;
    esac
}

# REFUSAL is set by a stage whose kernel may have a right to say no.
refused() {
    if [ -n "${REFUSAL:-}" ]; then say "by hand: $* ($REFUSAL)"; else failed "$@"; fi
}

differs() {
    say "differs: $*"
    RESULT=1
}

failed() {
    say "FAILED: $*"
    RESULT=1
}

# --- undo -----------------------------------------------------------------------------------------------------

undo_stage() {
    undo_list=$(find "$STATE/$STAGE" -name '*.what' 2>/dev/null | sort -r)
    [ -n "$undo_list" ] || say "nothing to undo"
    while IFS= read -r undo_what; do
        [ -z "$undo_what" ] || undo_one "${undo_what%.what}"
    done <<END
$undo_list
END
    if [ -n "$YES" ] && [ -d "$STATE/$STAGE" ]; then
        rmdir "$STATE/$STAGE" "$STATE" 2>/dev/null || :
    fi
}

undo_one() {
    undo_path=$(cat "$1.what")
    if [ -e "$1.undo" ]; then
        undo_text="run: $(cat "$1.undo")"
    elif [ -e "$1.old" ]; then
        undo_text="put back $undo_path: $(sed -n '1{s/.*\[\(.*\)\].*/\1/;p;}' "$1.old")"
    else
        undo_text="remove $undo_path"
    fi
    if [ -z "$YES" ]; then
        say "would $undo_text"
    elif undo_step "$1"; then
        say "done: $undo_text"
        rm -f "$1.what" "$1.old" "$1.undo" "$1.folder"
    else
        failed "could not $undo_text"
    fi
}

undo_step() {
    if [ -e "$1.undo" ]; then
        run_line "$(cat "$1.undo")"
    elif [ ! -e "$1.old" ]; then
        rm -f "$ROOT$undo_path" || return 1
        # Folders that were made for it, the deepest first; one that others use by now stays.
        [ ! -e "$1.folder" ] || while read -r undo_folder; do
            rmdir "$ROOT$undo_folder" 2>/dev/null || :
        done <"$1.folder"
    elif ! has "$undo_path" && [ "${undo_path#/etc/}" = "$undo_path" ]; then
        # The device or the processor is gone, and its old value with it.
        say "skipped: $undo_path is no longer there"
    elif [ -n "$ROOT" ] || [ "${undo_path#/etc/}" != "$undo_path" ]; then
        # Plain files get their very bytes back; the kernel's want a value.
        { cat "$1.old" >"$ROOT$undo_path"; } 2>/dev/null
    else
        put "$(sed -n '1{s/.*\[\(.*\)\].*/\1/;p;}' "$1.old")" "$undo_path"
    fi
}

# --- the stage ------------------------------------------------------------------------------------------------

parse_options() {
    VERB=${1:-} CORES='' TURBO='' NIC='' YES='' RESULT=0
    case $VERB in check | apply | undo) shift ;; *) usage ;; esac
    while [ $# -gt 0 ]; do
        case $1 in
        --yes) YES=yes ;;
        --cores | --turbo | --nic)
            [ $# -ge 2 ] || usage
            case $1 in --cores) CORES=$2 ;; --turbo) TURBO=$2 ;; --nic) NIC=$2 ;; esac
            shift
            ;;
        *) usage ;;
        esac
        shift
    done
    case $CORES in *[!0-9,-]*) stop "--cores: '$CORES' is not a list of cores; write 2-3 or 2,3" ;; esac
    case $TURBO in '' | on | off) ;; *) stop "--turbo is on or off" ;; esac
    case $NIC in */* | *' '*) stop "--nic: '$NIC' is no name of a card" ;; esac
    if [ -n "$YES" ] && [ -z "$ROOT" ] && [ "$VERB" != check ] && [ "$(id -u)" != 0 ]; then
        stop "only root may change these: sudo tuning/$STAGE $VERB --yes ..."
    fi
}

run_stage() {
    parse_options "$@"
    if [ "$VERB" = undo ]; then undo_stage; else plan; fi
    if [ -z "$YES" ] && [ "$VERB" != check ]; then say "dry run: nothing was changed; add --yes"; fi
    exit "$RESULT"
}
