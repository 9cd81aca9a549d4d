//! Logarithm and arc tangent in integers, so that every processor gets the same bits. Results have 60
//! fractional bits and are right to about 2^-57.

use super::real::Real;

pub(super) const BITS: u32 = 60;
const ONE: i128 = 1 << BITS;
/// ln 2.
const LN_2: i128 = 799_144_290_325_165_979;
/// pi.
const PI: i128 = 3_622_009_729_038_561_421;
/// sqrt(1/2), where the logarithm's argument is folded; it need not be exact.
const SQRT_HALF: i128 = 815_238_614_083_298_888;
/// Terms of the series: both arguments are below 0.2 in magnitude, and 0.04^14 is below 2^-60.
const TERMS: i128 = 14;

fn times(a: i128, b: i128) -> i128 {
    (a * b) >> BITS
}

/// `1 + s z/3 + z^2/5 + s z^3/7 ...` with `s` the sign, for |z| < 0.04.
fn series(z: i128, sign: i128) -> i128 {
    (0..TERMS).rev().fold(0, |sum, term| ONE / (2 * term + 1) + sign * times(z, sum))
}

/// Natural logarithm of a positive number; 0 for all others.
pub(super) fn ln(value: Real) -> i128 {
    let (mantissa, exponent) = value.parts();
    if mantissa <= 0 {
        return 0;
    }
    // mantissa / 2^63 is in [1/2, 1); fold it to [sqrt(1/2), sqrt(2)).
    let (mut share, mut power) = (i128::from(mantissa) >> (63 - BITS), i128::from(exponent) + 63);
    if share < SQRT_HALF {
        (share, power) = (share * 2, power - 1);
    }
    // ln x = 2 artanh z with z = (x - 1) / (x + 1), below 0.172 in magnitude.
    let z = ((share - ONE) << BITS) / (share + ONE);
    2 * times(z, series(times(z, z), 1)) + power * LN_2
}

/// Arc tangent in radians.
pub(super) fn atan(value: Real) -> i128 {
    let one = Real::new(1);
    let magnitude = if value.parts().0 < 0 { Real::new(-1).times(value) } else { value };
    let bits = |r: Real| r.times(Real::new(ONE)).to_wide().0 >> 64;
    // atan x = pi / 2 - atan 1/x.
    let large = magnitude.to_wide() > one.to_wide();
    let folded = if large { one.over(magnitude).unwrap_or(Real::ZERO) } else { magnitude };
    // atan x = 2 atan (x / (1 + sqrt(1 + x^2))), twice: at most tan(pi / 16) is left.
    let mut x = bits(folded);
    for _ in 0..2 {
        let root = (((ONE + times(x, x)) << BITS) as u128).isqrt() as i128;
        x = (x << BITS) / (ONE + root);
    }
    let angle = 4 * times(x, series(times(x, x), -1));
    let angle = if large { PI / 2 - angle } else { angle };
    if value.parts().0 < 0 { -angle } else { angle }
}

/// Radians to degrees.
pub(super) fn degrees(angle: i128) -> Real {
    Real::new(angle * 180).over(Real::new(PI)).unwrap_or(Real::ZERO)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The only floats here: what the results are held against.
    fn float(bits: i128) -> f64 {
        bits as f64 / ONE as f64
    }

    #[test]
    fn logarithms_agree_with_the_standard_library() {
        for (a, b) in [(1, 1), (2, 1), (1, 3), (7, 5), (5, 7), (1 << 46, 1), (1, 1 << 46), (99_999, 100_000)]
        {
            let ours = float(ln(Real::new(a).over(Real::new(b)).unwrap()));
            let want = (a as f64 / b as f64).ln();
            assert!((ours - want).abs() < 1e-15 * want.abs().max(1.0), "ln {a}/{b}: {ours} {want}");
        }
        assert_eq!((ln(Real::ZERO), ln(Real::new(-5)), ln(Real::new(1))), (0, 0, 0));
    }

    #[test]
    fn arc_tangents_agree_with_the_standard_library() {
        for (a, b) in
            [(0, 1), (1, 1), (-1, 1), (1, 1000), (1000, 1), (-3, 4), (4, 3), (1 << 60, 1), (1, 1 << 50)]
        {
            let ours = float(atan(Real::new(a).over(Real::new(b)).unwrap()));
            let want = (a as f64 / b as f64).atan();
            assert!((ours - want).abs() < 1e-15, "atan {a}/{b}: {ours} {want}");
        }
        assert_eq!(degrees(atan(Real::new(1))).to_fx().round(), 45);
    }
}
