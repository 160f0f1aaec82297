//! Identity, tax and company numbers of single countries. All are off unless the policy asks for them.
//!
//! The check sees the number alone, without the keyword that announces it.

use super::kinds::{Kind, Look::Cased, Look::Folded, Look::Scan, Matcher, Together, kind, matcher};
use super::{Options, scan};
use crate::api::Severity::{High, Medium};
use crate::text::{CharSpan, Text, chars, checksums};

/// The number in a match: from its first digit on.
fn number<'t>(text: &'t Text<'_>, span: CharSpan) -> &'t str {
    let matched = text.slice(span);
    matched.find(chars::is_digit).map_or("", |at| &matched[at..])
}

macro_rules! checks {
    ($($name:ident => $check:expr;)*) => {
        $(fn $name(text: &Text<'_>, span: CharSpan, _: &Options) -> bool {
            checksums::digits(number(text, span)).is_some_and(|digits| $check(&digits))
        })*
    };
}

checks! {
    aadhaar => checksums::verhoeff;
    nhs => checksums::uk_nhs;
    bsn => checksums::dutch_bsn;
    ktp => checksums::indonesian_ktp;
    tfn => checksums::australian_tfn;
    abn => checksums::australian_abn;
    acn => checksums::australian_acn;
}

fn sin(text: &Text<'_>, span: CharSpan, _: &Options) -> bool {
    let number = number(text, span);
    // Other blanks than the space are taken for a part of the number, which then is none.
    let separated = number.chars().all(|c| matches!(c, ' ' | '-') || chars::is_digit(c));
    separated && checksums::canada_sin(&checksums::all_digits(number))
}

fn cpf(text: &Text<'_>, span: CharSpan, _: &Options) -> bool {
    checksums::brazilian_cpf(text.slice(span))
}

fn cnpj(text: &Text<'_>, span: CharSpan, _: &Options) -> bool {
    checksums::brazilian_cnpj(text.slice(span))
}

fn nif(text: &Text<'_>, span: CharSpan, _: &Options) -> bool {
    checksums::spanish_nif(text.slice(span))
}

/// The regional kinds. `""` placeholders stand for the kind's name in capitals.
#[rustfmt::skip]
pub(super) const REGIONAL: &[Kind] = &[
    kind!("in_pan", false, High, "", 4, Cased(r"\b[A-Z]{5}[0-9]{4}[A-Z]\b"), None, ["ABCDE1234F"], ["abcde1234f"]),
    kind!("in_aadhaar", false, High, "", 12, Folded(r"\b[2-9]\d{3}[\s-]?\d{4}[\s-]?\d{4}\b"), Some(aadhaar), ["2341 2341 2346"], ["2341 2341 2345", "1234 1234 1234"]),
    kind!("in_gstin", false, High, "", 6, Cased(r"\b\d{2}[A-Z]{5}\d{4}[A-Z][A-Z0-9]Z[A-Z0-9]\b"), None, ["22AAAAA0000A1Z5"], ["22AAAAA0000A1Y5"]),
    kind!("in_din", false, Medium, "", 8, Cased(r"\b(?:DIN|din)[:#\s]*\d{8}\b"), None, ["DIN: 12345678"], ["Din: 12345678"]),
    kind!("in_ifsc", false, Medium, "", 1, Cased(r"\b[A-Z]{4}0[A-Z0-9]{6}\b"), None, ["SBIN0001234"], ["SBIN1001234"]),
    kind!("in_upi", false, Medium, "", 0, Scan(scan::upi_ids), None, ["bob@paytm"], ["bob@paytm.", "bo@paytm"]),
    kind!("uk_nino", false, High, "", 6, Cased(r"\b[ABCEGHJKLMNOPRSTWXYZ][ABCEGHJKLMNPRSTWXYZ]\s?\d{2}\s?\d{2}\s?\d{2}\s?[A-D]\b"), None, ["AB 12 34 56 C"], ["AO123456C"]),
    kind!("uk_utr", false, Medium, "", 10, Cased(r"\b(?:UTR|utr)[:#\s]*\d{10}\b"), None, ["utr#1234567890"], ["Utr 1234567890"]),
    kind!("uk_nhs", false, High, "", 10, Folded(r"\b\d{3}[\s-]?\d{3}[\s-]?\d{4}\b"), Some(nhs), ["943 476 5919"], ["943 476 5918"]),
    kind!("uk_vat", false, Medium, "", 9, Cased(r"\bGB\s?\d{9}(?:\s?\d{3})?\b"), None, ["GB123456789", "GB 123456789 012"], ["gb123456789"]),
    kind!("de_vat", false, Medium, "", 9, Cased(r"\bDE\s?\d{9}\b"), None, ["DE 123456789"], ["DE1234567890"]),
    kind!("fr_vat", false, Medium, "", 9, Cased(r"\bFR\s?[A-HJ-NP-Z0-9]{2}\s?\d{9}\b"), None, ["FR XX 123456789"], ["FRIO123456789"]),
    kind!("it_vat", false, Medium, "", 11, Cased(r"\bIT\s?\d{11}\b"), None, ["IT12345678901"], ["IT1234567890"]),
    kind!("nl_vat", false, Medium, "", 11, Cased(r"\bNL\s?\d{9}B\d{2}\b"), None, ["NL123456789B01"], ["NL123456789C01"]),
    kind!("es_vat", false, Medium, "", 7, Cased(r"\bES\s?[A-Z0-9]\d{7}[A-Z0-9]\b"), None, ["ESX1234567X"], ["ESX123456X"]),
    kind!("be_vat", false, Medium, "", 9, Cased(r"\bBE\s?0?\d{9}\b"), None, ["BE0123456789", "BE123456789"], ["BE1123456789"]),
    kind!("nl_bsn", false, High, "", 9, Folded(r"\b[1-9]\d{8}\b"), Some(bsn), ["111222333"], ["111222334"]),
    kind!("it_cf", false, High, "", 7, Cased(r"\b[A-Z]{6}\d{2}[ABCDEHLMPRST]\d{2}[A-Z]\d{3}[A-Z]\b"), None, ["RSSMRA85T10A562S"], ["RSSMRA85F10A562S"]),
    kind!("dk_cpr", false, High, "", 10, Folded(r"\b(?:0[1-9]|[12]\d|3[01])(?:0[1-9]|1[0-2])\d{2}[\s-]?\d{4}\b"), None, ["311299-1234"], ["321299-1234"]),
    kind!("ro_cnp", false, High, "", 13, Folded(r"\b[1-8]\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{6}\b"), None, ["1991231123456"], ["1991331123456"]),
    kind!("pl_pesel", false, High, "", 11, Folded(r"\b\d{2}(?:[02][1-9]|[13][0-2])(?:0[1-9]|[12]\d|3[01])\d{5}\b"), None, ["44051401359"], ["44141401359"]),
    kind!("gr_amka", false, High, "", 11, Folded(r"\b(?:0[1-9]|[12]\d|3[01])(?:0[1-9]|1[0-2])\d{7}\b"), None, ["01011912345"], ["32011912345"]),
    kind!("sg_nric", false, High, "", 7, Cased(r"\b[STFG]\d{7}[A-Z]\b"), None, ["S1234567D"], ["A1234567D"]),
    kind!("my_ic", false, High, "", 12, Folded(r"\b\d{6}[\s-]\d{2}[\s-]?\d{4}\b"), None, ["901231-14-5678"], ["901231145678"]),
    kind!("th_id", false, High, "", 13, Folded(r"\b\d[\s-]\d{4}[\s-]?\d{5}[\s-]?\d{2}[\s-]?\d\b"), None, ["1-2345-67890-12-3"], ["1234567890123"]),
    kind!("ph_tin", false, High, "", 12, Folded(r"\b\d{3}[\s-]\d{3}[\s-]?\d{3}[\s-]?\d{3}\b"), None, ["123-456-789-000"], ["123456789000"]),
    kind!("id_ktp", false, High, "", 16, Folded(r"\b\d{16}\b"), Some(ktp), ["3174014102900001"], ["3174013213900001"]),
    kind!("tw_id", false, High, "", 9, Cased(r"\b[A-Z][12]\d{8}\b"), None, ["A123456789"], ["A323456789"]),
    kind!("jp_mynumber", false, High, "", 12,
        Cased("\\b(?:MyNumber|\u{30DE}\u{30A4}\u{30CA}\u{30F3}\u{30D0}\u{30FC}|\u{500B}\u{4EBA}\u{756A}\u{53F7})[:#\\s]*\\d{4}[\\s-]?\\d{4}[\\s-]?\\d{4}\\b"), None,
        ["MyNumber: 1234 5678 9012", "\u{500B}\u{4EBA}\u{756A}\u{53F7}123456789012"], ["mynumber: 1234 5678 9012"]),
    kind!("au_tfn", false, High, "", 8, Folded(r"\btfn[:#\s]*\d{3}[\s-]?\d{3}[\s-]?\d{2,3}\b"), Some(tfn), ["TFN 123 456 782"], ["TFN 123 456 783", "123 456 782"]),
    kind!("au_abn", false, Medium, "", 11, Folded(r"\babn[:#\s]*\d{2}[\s-]?\d{3}[\s-]?\d{3}[\s-]?\d{3}\b"), Some(abn), ["abn: 51 824 753 556"], ["abn: 51 824 753 557"]),
    kind!("au_acn", false, Medium, "", 9, Folded(r"\bacn[:#\s]*\d{3}[\s-]?\d{3}[\s-]?\d{3}\b"), Some(acn), ["ACN 004 085 616"], ["ACN 004 085 617"]),
    kind!("hk_id", false, High, "", 6, Cased(r"\b[A-Z]{1,2}\d{6}[(\[][A0-9][)\]]"), None, ["A123456(7)", "AB123456[A)"], ["A123456(B)"]),
    kind!("ca_sin", false, High, "", 9, Folded(r"\b(?:sin|nas)[:#\s]*\d{3}[\s-]?\d{3}[\s-]?\d{3}\b"), Some(sin), ["SIN: 046 454 286"], ["SIN: 046 454 287", "SIN: 046\t454 286"]),
    kind!("br_cpf", false, High, "", 11, Folded(r"\b\d{3}\.?\d{3}\.?\d{3}-?\d{2}\b"), Some(cpf), ["111.444.777-35"], ["111.444.777-36"]),
    kind!("br_cnpj", false, High, "", 14, Folded(r"\b\d{2}\.?\d{3}\.?\d{3}/?\d{4}-?\d{2}\b"), Some(cnpj), ["11.222.333/0001-81"], ["11.222.333/0001-82"]),
    kind!("mx_curp", false, High, "", 7, Cased(r"\b[A-Z]{4}\d{6}[HM][A-Z]{5}[A-Z0-9]\d\b"), None, ["BADD110313HCMLNS09"], ["BADD110313XCMLNS09"]),
    kind!("mx_rfc", false, High, "", 6, Cased("\\b[A-Z&\u{D1}]{3,4}\\d{6}[A-Z0-9]{3}\\b"), None, ["VECJ880326XXX", "A&\u{D1}880326XX0"], ["VE880326XXX"]),
    kind!("es_nif", false, High, "", 7, Cased(r"\b[XYZ]?\d{7,8}[A-Z]\b"), Some(nif), ["12345678Z", "X1234567L"], ["12345678A", "1234567L"]),
];
