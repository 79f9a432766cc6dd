//! Why a reading was not complete: a word that machines and texts go by. A column of `fetches` and
//! `lists`.

use crate::column::word_enum;

word_enum! {
    /// Why a list could not be read, or not completely.
    Cause {
        /// The site turns programs away: a challenge, a refusal by address.
        Blocked = "blocked",
        /// The list is not shown to us, or not to strangers.
        Private = "private",
        /// The site has no such list.
        NotFound = "not_found",
        /// A key of the owner's is missing or not accepted.
        NeedsKey = "needs_key",
        /// Somebody has to sign in on the site for it, or to do so again.
        NeedsSignIn = "needs_sign_in",
        /// The site gives it to paying members only.
        NeedsMembership = "needs_membership",
        /// What may be asked for in a time is used up, or the site asked to be left alone.
        QuotaUsedUp = "quota_used_up",
        /// The site's answer is not one that this version understands.
        Changed = "changed",
        /// There is more of it than is read.
        TooLarge = "too_large",
        /// The address is one that is not asked: inside the owner's network, not http.
        Forbidden = "forbidden",
        /// A setting is wrong, or the file cannot be read.
        Settings = "settings",
        /// Its provider is switched off.
        SwitchedOff = "switched_off",
        /// The site did not answer, or not to the end.
        Unreachable = "unreachable",
        /// The list changed while it was read, or what was read is not what was announced.
        Inconsistent = "inconsistent",
        /// It shrank more than its owner allows.
        Shrunk = "shrunk",
    }
}
