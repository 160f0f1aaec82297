//! Check digits of card and identity numbers. All work on the values of decimal digits of any script.

use super::chars;

/// The digits of a number written with blanks and hyphens between them; `None` when anything else is there.
#[must_use]
pub fn digits(number: &str) -> Option<Vec<u32>> {
    number.chars().filter(|&c| c != '-' && !chars::is_space(c)).map(chars::digit_value).collect()
}

/// All digits of a text, whatever stands between them.
#[must_use]
pub fn all_digits(text: &str) -> Vec<u32> {
    text.chars().filter_map(chars::digit_value).collect()
}

/// The sum of the digits times their weights.
fn weighted(digits: &[u32], weights: &[u32]) -> u32 {
    digits.iter().zip(weights).map(|(d, w)| d * w).sum()
}

/// The digit doubled, its own digits added.
const fn doubled(digit: u32) -> u32 {
    if digit > 4 { digit * 2 - 9 } else { digit * 2 }
}

/// Luhn (ISO/IEC 7812): every second digit from the right doubled, the sum a multiple of ten.
#[must_use]
pub fn luhn(digits: &[u32]) -> bool {
    let sum: u32 = digits.iter().rev().enumerate().map(|(i, &d)| if i % 2 == 1 { doubled(d) } else { d }).sum();
    sum.is_multiple_of(10)
}

/// Canada's social insurance number: nine digits, every second one from the left doubled.
#[must_use]
pub fn canada_sin(digits: &[u32]) -> bool {
    let sum: u32 = digits.iter().enumerate().map(|(i, &d)| if i % 2 == 1 { doubled(d) } else { d }).sum();
    digits.len() == 9 && sum.is_multiple_of(10)
}

/// Verhoeff's scheme (1969): the dihedral group D5 and a permutation that depends on the place.
#[must_use]
pub fn verhoeff(digits: &[u32]) -> bool {
    const PRODUCT: [&[u8; 10]; 10] = [
        b"0123456789",
        b"1234067895",
        b"2340178956",
        b"3401289567",
        b"4012395678",
        b"5987604321",
        b"6598710432",
        b"7659821043",
        b"8765932104",
        b"9876543210",
    ];
    const PERMUTATION: [&[u8; 10]; 8] = [
        b"0123456789",
        b"1576283094",
        b"5803796142",
        b"8916043527",
        b"9453126870",
        b"4286573901",
        b"2793806415",
        b"7046913258",
    ];
    let at = |table: &[u8; 10], i: usize| usize::from(table[i] - b'0');
    let check = digits
        .iter()
        .rev()
        .enumerate()
        .fold(0, |check, (i, &digit)| at(PRODUCT[check], at(PERMUTATION[i % 8], digit as usize)));
    check == 0
}

/// The United Kingdom's NHS number: ten digits, modulo 11.
#[must_use]
pub fn uk_nhs(digits: &[u32]) -> bool {
    let check = 11 - weighted(&digits[..digits.len().min(9)], &[10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11;
    digits.len() == 10 && check != 10 && digits[9] == check % 11
}

/// The Netherlands' citizen service number: nine digits, the "eleven test" with a last weight of -1.
#[must_use]
pub fn dutch_bsn(digits: &[u32]) -> bool {
    // A weight of -1 is one of 10 modulo 11.
    digits.len() == 9 && weighted(digits, &[9, 8, 7, 6, 5, 4, 3, 2, 10]).is_multiple_of(11)
}

/// Indonesia's identity number: digits 7 to 10 are a day (40 more for women) and a month.
#[must_use]
pub fn indonesian_ktp(digits: &[u32]) -> bool {
    let &[_, _, _, _, _, _, d1, d2, m1, m2, ..] = digits else { return false };
    let (day, month) = (d1 * 10 + d2, m1 * 10 + m2);
    let day = if day > 40 { day - 40 } else { day };
    (1..=31).contains(&day) && (1..=12).contains(&month)
}

/// Australia's tax file number, of nine digits or the older eight.
#[must_use]
pub fn australian_tfn(digits: &[u32]) -> bool {
    let sum = match digits.len() {
        9 => weighted(digits, &[1, 4, 3, 7, 5, 8, 6, 9, 10]),
        8 => weighted(digits, &[10, 7, 8, 4, 6, 3, 5, 1]),
        _ => return false,
    };
    sum.is_multiple_of(11)
}

/// Australia's business number: eleven digits, the first less one, modulo 89.
#[must_use]
pub fn australian_abn(digits: &[u32]) -> bool {
    // The first weight is 10: one less in the first digit is 79 more modulo 89.
    digits.len() == 11 && (weighted(digits, &[10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19]) + 79).is_multiple_of(89)
}

/// Australia's company number: nine digits, modulo 10.
#[must_use]
pub fn australian_acn(digits: &[u32]) -> bool {
    digits.len() == 9 && (weighted(digits, &[8, 7, 6, 5, 4, 3, 2, 1]) + digits[8]).is_multiple_of(10)
}

/// A check digit of Brazil's registers.
fn brazilian(digits: &[u32], weights: &[u32]) -> u32 {
    match weighted(digits, weights) % 11 {
        0 | 1 => 0,
        rest => 11 - rest,
    }
}

/// Whether a number is one digit again and again, written in one script: zeros of two scripts are not the same.
fn one_digit_only(number: &str) -> bool {
    let mut written = number.chars().filter(|&c| chars::is_digit(c));
    written.next().is_some_and(|first| written.all(|c| c == first))
}

/// Brazil's taxpayer number: eleven digits, not all the same, two check digits. Other characters are passed over.
#[must_use]
pub fn brazilian_cpf(number: &str) -> bool {
    let digits = all_digits(number);
    digits.len() == 11
        && !one_digit_only(number)
        && digits[9] == brazilian(&digits[..9], &[10, 9, 8, 7, 6, 5, 4, 3, 2])
        && digits[10] == brazilian(&digits[..10], &[11, 10, 9, 8, 7, 6, 5, 4, 3, 2])
}

/// Brazil's company number: fourteen digits, not all the same, two check digits. Other characters are passed over.
#[must_use]
pub fn brazilian_cnpj(number: &str) -> bool {
    let digits = all_digits(number);
    digits.len() == 14
        && !one_digit_only(number)
        && digits[12] == brazilian(&digits[..12], &[5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2])
        && digits[13] == brazilian(&digits[..13], &[6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2])
}

/// Spain's tax number: eight digits, of which the first may be X, Y or Z for 0, 1 or 2, and a letter that is the
/// number modulo 23.
#[must_use]
pub fn spanish_nif(number: &str) -> bool {
    let characters: Vec<char> = number.chars().collect();
    let [first, digits @ .., letter] = characters.as_slice() else { return false };
    if characters.len() != 9 {
        return false;
    }
    let first = match first {
        'X' => Some(0),
        'Y' => Some(1),
        'Z' => Some(2),
        c => chars::digit_value(*c),
    };
    let value = digits.iter().try_fold(first.unwrap_or(0), |sum, &c| Some(sum * 10 + chars::digit_value(c)?));
    first.is_some()
        && value.is_some_and(|value| "TRWAGMYFPDXBNJZSQVHLCKE".chars().nth(value as usize % 23) == Some(*letter))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(number: &str) -> Vec<u32> {
        digits(number).unwrap()
    }

    #[test]
    fn published_numbers_pass_and_their_neighbours_do_not() {
        type Check = fn(&[u32]) -> bool;
        let cases: [(Check, &str); 9] = [
            (luhn, "4111 1111 1111 1111"),
            (canada_sin, "046 454 286"),
            (verhoeff, "2363"),
            (uk_nhs, "943 476 5919"),
            (dutch_bsn, "111222333"),
            (australian_tfn, "123 456 782"),
            (australian_tfn, "37 118 629"),
            (australian_abn, "51 824 753 556"),
            (australian_acn, "004 085 616"),
        ];
        for (check, number) in cases {
            let mut digits = of(number);
            assert!(check(&digits), "{number}");
            let last = digits.len() - 1;
            digits[last] = (digits[last] + 1) % 10;
            assert!(!check(&digits), "{number} plus one");
        }
    }

    #[test]
    fn brazilian_numbers_have_two_check_digits_and_more_than_one_digit() {
        assert!(brazilian_cpf("111.444.777-35") && !brazilian_cpf("111.444.777-36"));
        assert!(brazilian_cnpj("11.222.333/0001-81") && !brazilian_cnpj("11.222.333/0001-82"));
        assert!(!brazilian_cpf("111.111.111-11") && !brazilian_cnpj("00000000000000"));
        assert!(brazilian_cpf("111.111.111-1\u{661}"), "two scripts make two digits");
    }

    #[test]
    fn dates_inside_numbers_are_checked() {
        assert!(indonesian_ktp(&of("3174014102900001")));
        assert!(!indonesian_ktp(&of("3174013213900001")));
        assert!(!indonesian_ktp(&of("3174017202900001")));
    }

    #[test]
    fn the_spanish_letter_is_the_remainder() {
        assert!(spanish_nif("12345678Z") && spanish_nif("X1234567L") && spanish_nif("١2345678Z"));
        assert!(!spanish_nif("12345678A") && !spanish_nif("1234567L") && !spanish_nif("X12345678Z"));
    }

    #[test]
    fn digits_of_any_script_have_values_and_other_characters_have_none() {
        assert_eq!(digits("٣ 4-5"), Some(vec![3, 4, 5]));
        assert_eq!(digits("3.4"), None);
        assert_eq!(all_digits("3.4/٥"), [3, 4, 5]);
    }
}
