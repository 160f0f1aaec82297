//! The packs of patterns: severity and line, in the notation of [`crate::text::phrase`], in the order of evaluation.

use crate::api::Severity::{self, High, Medium};

/// A pack: its name in rule ids, and its patterns.
pub(super) type Pack = (&'static str, &'static [(Severity, &'static str)]);

/// Protected attribute `gender`.
#[rustfmt::skip]
const GENDER: &[(Severity, &str)] = &[
    (High, "#{women, females, girls} {are, tend_to_be, are_typically, are_naturally} {emotional, irrational, nurturing, submissive, indecisive, gossipy, sensitive, bad_at}"),
    (High, "#{men, males, boys} {are, tend_to_be, are_typically, are_naturally} {logical, rational, strong, dominant, aggressive, better_at, natural_leaders}"),
    (Medium, "#{she, her, woman, female}#<0-30>#{nurse, secretary, assistant, receptionist, teacher, caregiver}#"),
    (High, "#{he, his, man, male}#<0-30>#{engineer, ceo, executive, leader, surgeon, developer, architect}#<0-30>#{while, whereas, but, and}#<0-30>#{she, her, woman, female}#<0-30>#{support, assist, help, admin}"),
    (High, "#{women, girls, females} {shouldn't, should_not, can't, cannot, don't, aren't_able_to} <w+>"),
    (Medium, "#{men, boys, males} {shouldn't, should_not, don't, can't} {cry, show_emotion, be_sensitive, be_nurturing}"),
    (High, "#{women, females, girls} {are_not, aren't, are_never} {suited, fit, good_enough, capable, qualified} {for, to}#"),
];

/// Protected attribute `race`.
#[rustfmt::skip]
const RACE: &[(Severity, &str)] = &[
    (High, "#{asian, asians} {are, tend_to_be} {good_at_math, smart, hardworking, quiet, submissive, model_minority}"),
    (High, "#{black, african<1-1>american} {people, individuals, communities} {are, tend_to_be} {athletic, aggressive, loud, lazy, criminal, dangerous}"),
    (High, "#{hispanic, latino, latina} {people, individuals, communities} {are, tend_to_be} {lazy, illegal, uneducated, hot<1-1>tempered}"),
    (High, "#{white, caucasian} {people, individuals} {are, tend_to_be} {superior, smarter, more_civilized, normal}"),
    (High, "#{diverse, minority} {candidates, candidate, applicants, applicant, employees, employee} {may_not, might_not, probably_won't, tend_to_lack, often_struggle}"),
    (Medium, "#{articulate, well-spoken}#<0-20>#{for_a, considering, despite_being}#"),
    (High, "#{that, this, those, certain} {ethnic, racial} {background, group, community, ethnicity}#<0-60>#{tend_to_be, are_typically, are_generally, are} {less, not, unreliable, untrustworthy, problematic, risky, dangerous}"),
];

/// Protected attribute `age`.
#[rustfmt::skip]
const AGE: &[(Severity, &str)] = &[
    (High, "#{older, elderly, senior} {workers, worker, employees, employee, people, individuals} {can't, cannot, aren't_able_to, struggle_to, are_too_slow_to} {learn, adapt, keep_up, use_technology}"),
    (High, "#{too_old, past_their_prime, over_the_hill} {to, for}#"),
    (Medium, "#{young, younger} {workers, worker, employees, employee, people} {are, tend_to_be} {lazy, entitled, unreliable, irresponsible, immature}"),
    (Medium, "#{millennials, millennial, genz, gen<1-1>z, boomers, boomer} {are, always, never, can't, don't}"),
    (High, "#{people, workers, worker, employees, employee, candidates, candidate, anyone} {over, above, past} <d+> {should not be, shouldn't be, can't be, cannot be, must not be} {hired, employed, considered, recruited}"),
    (High, "#{people, workers, worker, employees, employee, candidates, candidate, those} {over, above, past, age, aged} <d+> <0-60>{can't, cannot, won't, are_unable_to} {learn, adapt, keep_up, use_technology, pick_up}"),
];

/// Protected attribute `disability`.
#[rustfmt::skip]
const DISABILITY: &[(Severity, &str)] = &[
    (High, "#{disabled, handicapped} {people, individuals, workers, worker, employees, employee} {can't, cannot, aren't_able_to, will_never, shouldn't}#"),
    (Medium, "#{suffering_from, afflicted_with, victim_of, confined_to} {a_disability, a_wheelchair, autism, blindness, deafness}"),
    (Medium, "#{normal, healthy} {people, individuals}#<0-20>#{unlike, compared_to, versus}#<0-20>#{disabled, handicapped}"),
    (High, "#{mentall retarded, mentall deficient, mentall defective, mentally retarded, mentally deficient, mentally defective, crippled, lame, deaf_to_reason, blind_to}#"),
];

/// Protected attribute `religion`.
#[rustfmt::skip]
const RELIGION: &[(Severity, &str)] = &[
    (High, "#{muslim, muslims, islam} {are, is, promotes, promote} {violent, terrorist, extremist, backwards, oppressive}"),
    (High, "#{jew, jews, jewish_people} {are, control, run, own} {greedy, cheap, banks, bank, media, the_world}"),
    (High, "#{christian, christians, christianity} {are, is} {ignorant, stupid, anti-science, backwards, bigoted}"),
    (High, "#{hindu, hindus, hinduism} {are, is} {primitive, idol<1-1>worship, backwards, caste}"),
];

/// Industry preset `hr`.
#[rustfmt::skip]
const HR: &[(Severity, &str)] = &[
    (High, "#{culture_fit, cultural_fit}#<0-40>#{might_not, probably_not, unlikely, doesn't_seem}"),
    (High, "#{maternity, pregnancy, pregnant, children, family_planning}#<0-30>#{risk, concern, liability, problem, issue}"),
    (High, "#{name, names} {sound, sounds, seem, seems, appear, appears, look, looks} {foreign, ethnic, unusual, hard_to_pronounce}"),
    (High, "#{she, her, women, female}#<0-30>#{lower, less, reduced} {salary, compensation, pay, rate}"),
    (Medium, "#overqualified#<0-30>#{age, senior, older, experienced}"),
];

/// Industry preset `finance`.
#[rustfmt::skip]
const FINANCE: &[(Severity, &str)] = &[
    (High, "#{neighborhood, zipcode, zip<1-1>code, area, location}#<0-30>#{higher_risk, risky, declined, deny, reject}"),
    (High, "#{single_mother, single_parent, unmarried}#<0-30>#{risk, risky, unreliable, default}"),
    (High, "#{immigrant, foreign, non-citizen}#<0-30>#{higher_risk, risky, untrustworthy, unreliable}"),
];

/// What the protected attributes are when the policy does not say.
pub(super) const ATTRIBUTES: [&str; 5] = ["gender", "race", "age", "disability", "religion"];

/// The pack of a protected attribute.
pub(super) fn attribute_pack(name: &str) -> Option<Pack> {
    Some(match name {
        "gender" => ("gender", GENDER),
        "race" => ("race", RACE),
        "age" => ("age", AGE),
        "disability" => ("disability", DISABILITY),
        "religion" => ("religion", RELIGION),
        _ => return None,
    })
}

/// The pack of an industry preset.
pub(super) fn industry_pack(name: &str) -> Option<Pack> {
    match name {
        "hr" => Some(("hr", HR)),
        "finance" => Some(("finance", FINANCE)),
        _ => None,
    }
}
