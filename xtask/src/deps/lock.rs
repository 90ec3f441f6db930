//! `Cargo.lock`: every package that a build may use, and what the policy says to each.

use std::collections::BTreeMap;

use semver::Version;
use serde::Deserialize;

use super::policy::{Level, Policy};
use crate::Findings;

/// A lock file.
#[derive(Deserialize)]
pub struct Lock {
    /// All packages, those of the workspace included.
    #[serde(rename = "package", default)]
    pub packages: Vec<Locked>,
}

/// A package in a lock file.
#[derive(Deserialize)]
pub struct Locked {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: Version,
    /// Where it comes from; none for a folder on this machine.
    pub source: Option<String>,
    checksum: Option<String>,
    /// `name` or `name version`.
    #[serde(default)]
    dependencies: Vec<String>,
}

impl Lock {
    /// Reads the file's text.
    pub fn parse(text: &str) -> Result<Self, String> {
        toml::from_str(text).map_err(|e| e.to_string())
    }

    /// Packages that do not belong to this repository.
    pub fn foreign(&self) -> impl Iterator<Item = &Locked> {
        self.packages.iter().filter(|p| p.source.is_some())
    }

    /// Sources, checksums, bans and duplicates. `file` names the lock file in what is found.
    pub fn check(&self, file: &str, policy: &Policy, findings: &mut Findings) {
        for package in self.foreign() {
            let Locked { name, version, source, checksum, .. } = package;
            let source = source.as_deref().unwrap_or_default();
            if let Some(why) = policy.refuse_source(source) {
                findings.error(format!("{file}: {name} {version}: {why}"));
            }
            if checksum.is_none() && !source.starts_with("git+") {
                findings.error(format!("{file}: {name} {version} has no checksum"));
            }
            if let Some(why) = policy.refuse_version(name, version, &self.users(name)) {
                findings.error(format!("{file}: {name} {version} is banned: {why}"));
            }
        }
        let text = self.duplicates(policy).join("; ");
        match policy.multiple_versions() {
            _ if text.is_empty() => {}
            Level::Deny => findings.error(format!("{file}: several versions of one crate: {text}")),
            Level::Warn => findings.warn(format!("{file}: several versions of one crate: {text}")),
            Level::Allow => findings.note(format!("{file}: several versions of one crate: {text}")),
        }
        findings.note(format!("{file}: {} packages from elsewhere", self.foreign().count()));
    }

    /// Packages that depend on one of that name.
    fn users(&self, name: &str) -> Vec<&str> {
        let uses = |p: &&Locked| p.dependencies.iter().any(|d| d.split(' ').next() == Some(name));
        self.packages.iter().filter(uses).map(|p| p.name.as_str()).collect()
    }

    fn duplicates(&self, policy: &Policy) -> Vec<String> {
        let mut versions: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for package in self.foreign().filter(|p| !policy.skips(&p.name, &p.version)) {
            versions.entry(&package.name).or_default().push(package.version.to_string());
        }
        versions.retain(|_, v| v.len() > 1);
        versions.into_iter().map(|(name, v)| format!("{name} {}", v.join(" and "))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_foreign_sources_missing_checksums_bans_and_duplicates() {
        let mut findings = Findings::default();
        let policy = Policy::parse(POLICY).unwrap();
        Lock::parse(LOCK).unwrap().check("Cargo.lock", &policy, &mut findings);
        assert_eq!(
            findings.errors,
            [
                "Cargo.lock: bad 0.3.1 is banned: unmaintained",
                "Cargo.lock: twice 2.0.0 has no checksum",
                "Cargo.lock: wild 1.0.0: source git+https://git.example/wild#12 is not allowed",
            ]
        );
        assert_eq!(findings.warnings, ["Cargo.lock: several versions of one crate: twice 1.0.0 and 2.0.0"]);
    }

    #[test]
    fn packages_of_the_repository_are_left_alone() {
        let lock = Lock::parse(LOCK).unwrap();
        assert!(lock.foreign().all(|p| p.name != "own"));
        assert_eq!(lock.foreign().count(), 6);
    }

    const POLICY: &str = r#"
        licenses.allow = ["MIT"]
        sources.allow-registry = ["https://r.example"]
        [bans]
        multiple-versions = "warn"
        deny = [{ crate = "bad:<0.4", reason = "unmaintained" }]
        skip = [{ crate = "known@0.1.0" }]
    "#;

    const LOCK: &str = r#"
        version = 4
        [[package]]
        name = "bad"
        version = "0.3.1"
        source = "registry+https://r.example"
        checksum = "00"
        [[package]]
        name = "known"
        version = "0.1.0"
        source = "registry+https://r.example"
        checksum = "00"
        [[package]]
        name = "known"
        version = "0.9.0"
        source = "registry+https://r.example"
        checksum = "00"
        [[package]]
        name = "own"
        version = "0.1.0"
        dependencies = ["bad", "twice 2.0.0"]
        [[package]]
        name = "twice"
        version = "1.0.0"
        source = "registry+https://r.example"
        checksum = "00"
        [[package]]
        name = "twice"
        version = "2.0.0"
        source = "registry+https://r.example"
        [[package]]
        name = "wild"
        version = "1.0.0"
        source = "git+https://git.example/wild#12"
    "#;
}
