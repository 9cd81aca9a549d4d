# Sets of processors, in the two notations of the kernel: lists (0-2,8,32) and masks (1,00000107: hexadecimal,
# groups of 32, the highest first).
# shellcheck shell=sh

# 0-2,8 -> one number a line
expand() {
    printf '%s\n' "$1" | tr ',' '\n' | awk -F- 'NF == 1 && $1 != "" { print $1 + 0 }
        NF == 2 { for (i = $1; i <= $2; i++) print i + 0 }' | sort -nu
}

# one number a line -> 0-2,8
collapse() {
    awk 'function put() { out = out (out == "" ? "" : ",") (first == last ? first : first "-" last) }
        NR == 1 { first = last = $1; next }
        $1 == last + 1 { last = $1; next }
        { put(); first = last = $1 }
        END { if (NR) put(); print out }'
}

# LIST without OTHER
without() {
    { expand "$2" | sed 's/^/-/'; expand "$1"; } | awk '/^-/ { gone[substr($0, 2)] = 1; next } !($0 in gone)' | collapse
}

# a list as the kernel's hexadecimal mask: groups of 32, the highest first. Digit by digit and by a
# table, because some awks cannot print 32 bits and some have no powers.
list_to_mask() {
    expand "$1" | awk 'BEGIN { top = 0; split("1 2 4 8", bit) }
        { at = int($1 / 4); digit[at] += bit[$1 % 4 + 1]; if (at > top) top = at }
        END { for (at = top; at >= 0; at--) {
                  out = out sprintf("%x", digit[at]); if (at % 8 == 0 && at > 0) out = out ","
              } print out }'
}

# and back
mask_to_list() {
    printf '%s\n' "$1" | tr -d ',' | tr 'A-F' 'a-f' | awk '{ for (i = length($0); i > 0; i--) {
            value = index("0123456789abcdef", substr($0, i, 1)) - 1
            for (bit = 0; bit < 4; bit++) { if (value % 2) print at + bit; value = int(value / 2) }
            at += 4 } }' | collapse
}

# those in both LISTs
common() { without "$1" "$(without "$1" "$2")"; }

# the same mask however it is written: no commas, no zeros in front
plain_mask() { printf '%s\n' "$1" | tr -d ',' | tr 'A-F' 'a-f' | sed 's/^0*\(.\)/\1/'; }
