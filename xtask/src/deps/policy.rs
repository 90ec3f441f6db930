//! `deny.toml`: the part of cargo-deny's configuration that is checked here, so that one file serves both.

use std::collections::BTreeSet;

use semver::{Version, VersionReq};
use serde::Deserialize;
use spdx::{Expression, LicenseReq, ParseMode};

/// The whole file; keys that only cargo-deny knows are left to it.
#[derive(Deserialize)]
pub struct Policy {
    licenses: Licenses,
    bans: Bans,
    sources: Sources,
}

#[derive(Deserialize)]
struct Licenses {
    allow: BTreeSet<String>,
    #[serde(default)]
    exceptions: Vec<Exception>,
}

#[derive(Deserialize)]
struct Exception {
    #[serde(rename = "crate")]
    name: String,
    allow: BTreeSet<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Bans {
    multiple_versions: Level,
    #[serde(default)]
    deny: Vec<Ban>,
    #[serde(default)]
    skip: Vec<Ban>,
}

/// What a finding amounts to.
#[derive(Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// An error.
    Deny,
    /// A warning.
    Warn,
    /// Nothing.
    Allow,
}

/// `name`, `name@version` or `name:requirement`, and why.
#[derive(Deserialize)]
struct Ban {
    #[serde(rename = "crate")]
    spec: String,
    #[serde(default)]
    reason: String,
    /// Crates that may depend on it all the same.
    #[serde(default)]
    wrappers: BTreeSet<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Sources {
    #[serde(default)]
    allow_registry: Vec<String>,
    #[serde(default)]
    allow_git: Vec<String>,
}

impl Policy {
    /// Reads the file's text. An error if it does not say what is expected, or a version requirement is no such.
    pub fn parse(text: &str) -> Result<Self, String> {
        let policy: Self = toml::from_str(text).map_err(|e| format!("deny.toml: {e}"))?;
        for ban in policy.bans.deny.iter().chain(&policy.bans.skip) {
            ban.requirement()?;
        }
        for exception in &policy.licenses.exceptions {
            if exception.allow.is_empty() {
                return Err(format!("deny.toml: the exception for {} allows nothing", exception.name));
            }
        }
        Ok(policy)
    }

    /// Why a package's licence is not acceptable, or nothing.
    pub fn refuse_licence(&self, name: &str, licence: Option<&str>) -> Option<String> {
        let Some(text) = licence else { return Some("states no licence".into()) };
        let expression = match Expression::parse_mode(text, ParseMode::LAX) {
            Ok(expression) => expression,
            Err(error) => return Some(format!("licence `{text}` is not an SPDX expression: {}", error.reason)),
        };
        let extra = self.licenses.exceptions.iter().filter(|e| e.name == name);
        let sets: Vec<_> = std::iter::once(&self.licenses.allow).chain(extra.map(|e| &e.allow)).collect();
        let allowed = |req: &LicenseReq| {
            let req = req.to_string();
            sets.iter().any(|set| set.contains(&req))
        };
        (!expression.evaluate(allowed)).then(|| format!("licence `{text}` is not allowed"))
    }

    /// Why that version must not be used by `users`, or nothing.
    pub fn refuse_version(&self, name: &str, version: &Version, users: &[&str]) -> Option<&str> {
        let tolerated = |b: &Ban| !users.is_empty() && users.iter().all(|u| b.wrappers.contains(*u));
        self.bans.deny.iter().find(|b| b.matches(name, version) && !tolerated(b)).map(|b| b.reason.as_str())
    }

    /// How bad several versions of one crate are.
    pub fn multiple_versions(&self) -> Level {
        self.bans.multiple_versions
    }

    /// True if that version is not counted among several.
    pub fn skips(&self, name: &str, version: &Version) -> bool {
        self.bans.skip.iter().any(|b| b.matches(name, version))
    }

    /// Why the source (as in a lock file) is not acceptable, or nothing.
    pub fn refuse_source(&self, source: &str) -> Option<String> {
        let known = if let Some(url) = source.strip_prefix("registry+").or(source.strip_prefix("sparse+")) {
            self.sources.allow_registry.iter().any(|r| r == url)
        } else if let Some(url) = source.strip_prefix("git+") {
            let url = url.split(['?', '#']).next().unwrap_or(url);
            self.sources.allow_git.iter().any(|g| g == url)
        } else {
            false
        };
        (!known).then(|| format!("source {source} is not allowed"))
    }
}

impl Ban {
    fn name(&self) -> &str {
        self.spec.split(['@', ':']).next().unwrap_or(&self.spec)
    }

    /// None for every version; `*` of semver would leave out pre-releases.
    fn requirement(&self) -> Result<Option<VersionReq>, String> {
        let req = if let Some((_, version)) = self.spec.split_once('@') {
            format!("={version}")
        } else if let Some((_, req)) = self.spec.split_once(':') {
            req.to_owned()
        } else {
            return Ok(None);
        };
        VersionReq::parse(&req).map(Some).map_err(|e| format!("deny.toml: {}: {e}", self.spec))
    }

    fn matches(&self, name: &str, version: &Version) -> bool {
        let fits = |req: Option<VersionReq>| req.is_none_or(|r| r.matches(version));
        self.name() == name && self.requirement().is_ok_and(fits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy() -> Policy {
        Policy::parse(POLICY).unwrap()
    }

    #[test]
    fn alternatives_need_one_allowed_and_conjunctions_all() {
        let p = policy();
        for good in ["MIT", "MIT OR GPL-3.0-only", "MIT/Apache-2.0", "(MIT OR GPL-2.0) AND Apache-2.0"] {
            assert_eq!(p.refuse_licence("a", Some(good)), None, "{good}");
        }
        for bad in ["GPL-3.0-only", "MIT AND GPL-3.0-only", "Apache-2.0 WITH LLVM-exception", "see LICENSE", ""] {
            assert!(p.refuse_licence("a", Some(bad)).is_some(), "{bad}");
        }
        assert_eq!(p.refuse_licence("a", None).as_deref(), Some("states no licence"));
    }

    #[test]
    fn an_exception_holds_for_its_crate_alone() {
        let p = policy();
        assert_eq!(p.refuse_licence("fonts", Some("MIT AND OFL-1.1")), None);
        assert!(p.refuse_licence("other", Some("MIT AND OFL-1.1")).is_some());
    }

    #[test]
    fn bans_go_by_version() {
        let p = policy();
        let refused = |name: &str, v: &str| p.refuse_version(name, &Version::parse(v).unwrap(), &["user"]);
        assert_eq!(refused("atty", "0.2.14"), Some("unmaintained"));
        assert_eq!(refused("atty", "1.0.0-rc.1"), Some("unmaintained"));
        assert_eq!(refused("time", "0.2.22"), Some("unsound"));
        assert_eq!(refused("time", "0.2.23"), None);
        assert_eq!(refused("pinned", "1.0.1"), None);
        assert_eq!(refused("pinned", "1.0.0"), Some("yanked"));
    }

    #[test]
    fn a_ban_tolerates_its_wrappers_and_nobody_else() {
        let p = policy();
        let refused = |users: &[&str]| p.refuse_version("macros", &Version::new(1, 0, 0), users).is_some();
        assert!(!refused(&["wrapper"]));
        assert!(refused(&["wrapper", "other"]) && refused(&[]));
    }

    #[test]
    fn only_listed_sources() {
        let p = policy();
        assert_eq!(p.refuse_source("registry+https://registry.example/index"), None);
        assert!(p.refuse_source("registry+https://other.example/index").is_some());
        assert_eq!(p.refuse_source("git+https://git.example/a?rev=12#34"), None);
        assert!(p.refuse_source("git+https://git.example/ab?rev=12#34").is_some());
        assert!(p.refuse_source("path+file:///a").is_some());
    }

    #[test]
    fn a_requirement_that_is_none_is_refused() {
        let broken = POLICY.replace("time:<0.2.23", "time:<zero");
        assert!(Policy::parse(&broken).is_err_and(|e| e.contains("time:<zero")));
    }

    const POLICY: &str = r#"
        [licenses]
        allow = ["MIT", "Apache-2.0"]
        exceptions = [{ crate = "fonts", allow = ["OFL-1.1"] }]
        [bans]
        multiple-versions = "warn"
        deny = [
            { crate = "atty", reason = "unmaintained" },
            { crate = "time:<0.2.23", reason = "unsound" },
            { crate = "pinned@1.0.0", reason = "yanked" },
            { crate = "macros", wrappers = ["wrapper"] },
        ]
        skip = [{ crate = "windows-sys" }]
        [sources]
        allow-registry = ["https://registry.example/index"]
        allow-git = ["https://git.example/a"]
    "#;
}
