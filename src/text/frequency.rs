//! How often literals occur in ordinary text: which of a rule's literals are worth looking for.
//!
//! A chain of single steps over 32 classes of folded bytes. The tables were counted on some eight million characters
//! of public English (instructions, medical answers, dialogues, shell commands, code), in bits: `A` is certain, each
//! letter on is half as likely. Common words have a list of their own, counted on the same texts.

use super::hash::QuickHash;
use std::collections::HashMap;
use std::sync::LazyLock;

/// Bytes of text that [`expected`] counts for: a usual sample.
const TEXT: f64 = 512.0;

/// The classes: `a` to `z`, blank, digit, sentence mark, other usual mark, beyond ASCII, rest.
const CLASSES: usize = 32;

/// Bits of a class by itself.
const ALONE: &[u8; CLASSES] = b"EHFFEGGFEJIFGEEGJEEEFHHIGKCGGFHG";

/// Bits of a class (column) after another (row).
const AFTER: [&[u8; CLASSES]; CLASSES] = [
    b"JFEGLHGJFKGDFCLGMDEDGFIIFKEKHHKK",
    b"EHHHCJKKEFLDJGDJLEGIEKKLEMFIHGJH",
    b"DKFJDLMDEKFFJLDLLFHDFMMNGMFJIHKJ",
    b"EJJGDKIJDKMHJHEJMFFKFIJMGLBIFFJH",
    b"EJFEGHHJHLKFFDHGHDDFIGHFHLCKFFKI",
    b"ELLLEFKLDLMGLKCKMEIFEMMMHNCIHGLJ",
    b"EKKJCKHEELLGIFFGMEGHFLKNHKCFFFJI",
    b"DKLJBLLLDMLJJHDHLGIFGNKNGNDKHGJJ",
    b"FHEFFFFKJKHEFCEHJFDDJFMJMHFKJHJJ",
    b"DHIHCJIHGIHIHHDHIJEGDJJKIIFFHGJG",
    b"FIIICIIIDLJGHEGJKJEHHIJLHKCIEEII",
    b"EJIFCGJKDMIDIJEHNKFFFIINENDJGGKK",
    b"CFKJCIKLELLIFJEDMJFJFKLMFKDJGFJJ",
    b"FLEDEGDIFJHIJHEIKLEDGILLGKCLGFIJ",
    b"IHGFIEGKHKHFEDGFNDFFDGFJJLDMIHLL",
    b"DLLJDKKFFNLDIJDFLDGEEMLLGMEJHGKJ",
    b"IIJJIKJKHJJGJIILJHIJALIJIKGGIFII",
    b"EIGGCIGJENHHFGDINFFFGHKOFNDKGGKI",
    b"GKGKDJLFENHIHIEFJJEDFLHOGMCKEFKJ",
    b"EKIJDKJCDONHIKDHMFFGFLILGMCIGFJH",
    b"FFFFEIGLGLJDEDKFMDDDLKMJJKEKIIIM",
    b"DLKLBMKMCLMJKKFKMJKMILLMJLIFJIIK",
    b"DKJJDKMDCLKHKFDLLFGIKMHLKLDJGGKK",
    b"DIEIEJKIELKIHJHDKKHDGJKEHKEDFELG",
    b"HIHIFKJLHKLHFGCFNIEFLLJJLJBIEEJH",
    b"DIHGBHHIDHJGGHFIHHHHFIHHEEEGHFIH",
    b"DFFFGFGFEIIGFGFFJGEDHHFJGLDFKFIE",
    b"JJJJJJKKKKKKJJKKKKJHKLKKKKDBCDIE",
    b"ILGIJJHJIKMHIJJINIHIJLKLLNAFIDKH",
    b"FHGGGGHHGIJGHGHGJGFFHHHIJKCFECJE",
    b"HKHHIKJJHKJHGGIIMGFFIIJLJKDHGGBI",
    b"HIIIJJIJGJKIJHKILHGHKIJHJMCEFCJC",
];

/// Words of ordinary texts, from those in every other text to those in one of 64.
const COMMON: [&str; 6] = [
    " a and for in is it of on or the to ",
    " all an are as at be by can do her his how i if me my no one per so that use we with you ",
    " any but form from has have here may not other our out people some this what ",
    " about also cause come condition day don each even get help human information its know let like list make \
     many more need new now number over own part provide see she should sign sure than their them there these \
     they time type used very was way when which who will work would your ",
    " access after another assistant available back based because been blood body called card care cases cell \
     change common could create current data did different does enabled every example find first following found \
     give had health high include input into just language last less life long look means most much often only \
     patients person question rare right search set show signs specific such syndrome system table take tell test \
     then think through times toolformer top total treatment two using usually want well were where why world \
     year ",
    " account address affected amount answer around before being below best between both brain cancer caused \
     causes cells certain changes children code comes conditions country days describe doctor down during events \
     explain family frequency general generate given good great group heart him history however important \
     includes including individuals inherited known left made making medical might model money must name natural \
     news occurs ontology output phenotype please possible prevent problems provides query questions really \
     related risk same second seen since small someone something sometimes still study technology terms tests \
     those three together treatments upon useful while without years ",
];

/// All parts of common words, with the blanks around them, of three bytes and more, and how often the probability of
/// the most common such word was halved.
static COMMON_PARTS: LazyLock<HashMap<&[u8], u8, QuickHash>> = LazyLock::new(|| {
    let mut parts = HashMap::with_capacity_and_hasher(1 << 13, QuickHash::default());
    for (halvings, words) in (1..).zip(COMMON) {
        let blanks = words.bytes().enumerate().filter(|&(_, b)| b == b' ').map(|(at, _)| at);
        for (start, end) in blanks.clone().zip(blanks.skip(1)) {
            let word = &words.as_bytes()[start..=end];
            for from in 0..word.len().saturating_sub(2) {
                for to in from + 3..=word.len() {
                    parts.entry(&word[from..to]).or_insert(halvings);
                }
            }
        }
    }
    parts
});

/// How often any other word is expected.
const WORD: f64 = 0.004;

/// Each byte's class, and the bits of one byte among those of its class.
const CLASS: [(u8, u8); 256] = byte_table!(b => {
    match b {
        b'a'..=b'z' => (b - b'a', 0),
        b' ' => (26, 0),
        b'0'..=b'9' => (27, 3),
        b'.' | b',' => (28, 1),
        b'-' | b'\'' | b'"' | b'(' | b')' | b':' | b';' | b'/' | b'!' | b'?' | b'\n' | b'_' => (29, 4),
        b'L' | b'D' | 0x80.. => (30, 0),
        _ => (31, 4),
    }
});

/// How unlikely the bytes are at any given place, in bits.
#[must_use]
pub fn bits(literal: &[u8]) -> u32 {
    let mut before = None;
    literal.iter().fold(0, |bits, &b| {
        let (class, share) = CLASS[usize::from(b)];
        let row = before.map_or(ALONE, |row: u8| AFTER[usize::from(row)]);
        before = Some(class);
        bits + u32::from(share) + u32::from(row[usize::from(class)] - b'A')
    })
}

/// How often one of the literals is expected in a text of usual length.
#[must_use]
pub fn expected<N: AsRef<[u8]>>(literals: &[N]) -> f64 {
    literals.iter().map(|n| expected_one(n.as_ref())).sum()
}

/// How often the probability of a common word was halved, given with the blanks that are known to be around it; more for
/// any other word.
#[must_use]
pub fn halvings(word: &[u8]) -> u8 {
    // Shorter ones are in no list of parts, and common.
    if word.len() < 3 { 0 } else { COMMON_PARTS.get(word).copied().unwrap_or(u8::MAX) }
}

/// How often two words that a text has stand next to each other, in the order of a literal.
const TOGETHER: f64 = 0.1;

/// Of several words all must be in a text, and next to each other.
fn expected_one(literal: &[u8]) -> f64 {
    let blanks: Vec<usize> = (1..literal.len().max(1) - 1).filter(|&at| literal[at] == b' ').collect();
    if blanks.is_empty() {
        return expected_word(literal);
    }
    // Each word with the blanks around it.
    let starts = std::iter::once(0).chain(blanks.iter().copied());
    let ends = blanks.iter().map(|at| at + 1).chain([literal.len()]);
    let words = starts.zip(ends).map(|(start, end)| expected_word(&literal[start..end]).min(1.0));
    words.product::<f64>() * TOGETHER
}

/// As letters follow one another; but words are more frequent than their letters say.
fn expected_word(literal: &[u8]) -> f64 {
    let by_letters = TEXT * (-f64::from(bits(literal))).exp2();
    if literal.len() < 3 || !literal.iter().all(|b| b.is_ascii_lowercase() || b" '".contains(b)) {
        return by_letters;
    }
    let as_word = COMMON_PARTS.get(literal).map_or(WORD, |&halvings| f64::exp2(-f64::from(halvings)));
    by_letters.max(as_word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_words_are_expected_and_odd_ones_are_not() {
        assert!(expected(&["the"]) > 0.4 && expected(&["inform"]) > 0.05);
        assert!(expected(&["jailbreak"]) < 0.01 && expected(&["sk-ant-"]) < 0.001);
        assert!(expected(&["e"]) > expected(&["ea"]) && expected(&["zq"]) < expected(&["es"]));
        assert!((expected(&["ab", "ab"]) - 2.0 * expected(&["ab"])).abs() < 1e-9);
    }
}
