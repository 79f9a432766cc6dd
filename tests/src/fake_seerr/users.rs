//! The people of the fake Seerr: permission bits and quotas.

/// Permission bits as Seerr numbers them; [`permission::ADMIN`] implies all.
pub mod permission {
    /// Everything.
    pub const ADMIN: u64 = 2;
    /// See and change users.
    pub const MANAGE_USERS: u64 = 8;
    /// See, approve and decline requests of others.
    pub const MANAGE_REQUESTS: u64 = 16;
    /// Ask for films and shows.
    pub const REQUEST: u64 = 32;
    /// Own requests are approved at once.
    pub const AUTO_APPROVE: u64 = 128;
    /// … films only.
    pub const AUTO_APPROVE_MOVIE: u64 = 256;
    /// … shows only.
    pub const AUTO_APPROVE_TV: u64 = 512;
    /// Ask for 4K.
    pub const REQUEST_4K: u64 = 1024;
    /// … films only.
    pub const REQUEST_4K_MOVIE: u64 = 2048;
    /// … shows only.
    pub const REQUEST_4K_TV: u64 = 4096;
    /// See the requests of others.
    pub const REQUEST_VIEW: u64 = 16384;
    /// Own 4K requests are approved at once.
    pub const AUTO_APPROVE_4K: u64 = 32768;
    /// … films only.
    pub const AUTO_APPROVE_4K_MOVIE: u64 = 65536;
    /// … shows only.
    pub const AUTO_APPROVE_4K_TV: u64 = 131_072;
    /// Ask for films.
    pub const REQUEST_MOVIE: u64 = 262_144;
    /// Ask for shows.
    pub const REQUEST_TV: u64 = 524_288;
    /// Change the blocklist.
    pub const MANAGE_BLOCKLIST: u64 = 268_435_456;
    /// See the blocklist.
    pub const VIEW_BLOCKLIST: u64 = 1_073_741_824;
}

/// How many requests in how many days; a show counts its seasons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// The most; 0 is no limit.
    pub limit: i64,
    /// Counted over the last so many days.
    pub days: i64,
}

/// A user of Seerr.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Seerr's number; the API key acts as user 1.
    pub id: i64,
    /// The name shown.
    pub name: String,
    /// Bits of [`permission`].
    pub permissions: u64,
    /// Limit on films.
    pub movie_quota: Option<Quota>,
    /// Limit on seasons.
    pub tv_quota: Option<Quota>,
}

impl User {
    /// A user with those rights and no quota.
    pub fn new(id: i64, name: &str, permissions: u64) -> Self {
        Self {
            id,
            name: name.to_owned(),
            permissions,
            movie_quota: None,
            tv_quota: None,
        }
    }

    /// Whether one of these bits is set, or ADMIN.
    pub fn may_any(&self, bits: &[u64]) -> bool {
        self.permissions & permission::ADMIN != 0
            || bits.iter().any(|bit| self.permissions & bit != 0)
    }

    /// Whether all of these bits are set, or ADMIN.
    pub fn may_all(&self, bits: &[u64]) -> bool {
        self.permissions & permission::ADMIN != 0
            || bits.iter().all(|bit| self.permissions & bit != 0)
    }
}
