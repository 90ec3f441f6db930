//! Dependencies of every lock file against `deny.toml`, without a network and without cargo-deny, which reads the same file and
//! checks more: advisories of the day, yanked and doubled versions. Here: sources, checksums, banned versions, licences.

use std::collections::{BTreeMap, BTreeSet};

use semver::{Version, VersionReq};
use serde::Deserialize;
use spdx::{Expression, LicenseReq, ParseMode};

use crate::{Findings, workspace};

/// The part of `deny.toml` that is checked here.
#[derive(Deserialize)]
struct Policy {
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
struct Bans {
    deny: Vec<Ban>,
}

/// `name` or `name:requirement`, why, and which crates may depend on it all the same.
#[derive(Deserialize)]
struct Ban {
    #[serde(rename = "crate")]
    spec: String,
    reason: String,
    #[serde(default)]
    wrappers: BTreeSet<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Sources {
    allow_registry: Vec<String>,
}

/// A lock file.
#[derive(Deserialize)]
struct Lock {
    package: Vec<Locked>,
}

#[derive(Deserialize)]
struct Locked {
    name: String,
    version: Version,
    /// Where it comes from; none for a folder of the repository.
    source: Option<String>,
    checksum: Option<String>,
    /// `name` or `name version`.
    #[serde(default)]
    dependencies: Vec<String>,
}

/// Licence by name and version; none where a package states none.
type Licences = BTreeMap<(String, String), Option<String>>;

/// Checks every lock file of the repository.
pub fn check() -> Result<Findings, String> {
    let read = |file: &str| std::fs::read_to_string(workspace::root().join(file)).map_err(|e| format!("{file}: {e}"));
    let policy: Policy = toml::from_str(&read("deny.toml")?).map_err(|e| format!("deny.toml: {e}"))?;
    let (mut findings, mut licences, mut locks) = (Findings::default(), Licences::new(), Vec::new());
    for folder in workspace::workspaces() {
        let file = format!("{folder}/Cargo.lock");
        let lock: Lock = toml::from_str(&read(&file)?).map_err(|e| format!("{file}: {e}"))?;
        locks.push((file, lock));
        // What other platforms need is not on this machine, and getting it would need the network.
        match workspace::metadata(folder, &["--locked", "--filter-platform", env!("HONE_HOST_TRIPLE")]) {
            Ok(metadata) => licences.extend(
                metadata.packages.into_iter().map(|p| ((p.name.to_string(), p.version.to_string()), p.license)),
            ),
            // The application resolves only inside a west workspace; its lock file is checked all the same.
            Err(why) if folder == "app" => findings.note(why),
            Err(why) => findings.error(why),
        }
    }
    for (file, lock) in &locks {
        let unknown = lock.check(file, &policy, &licences, &mut findings)?;
        findings.note(format!("{file}: {} packages, {unknown} of them not on this machine", lock.package.len()));
    }
    Ok(findings)
}

impl Lock {
    /// Checks every package from elsewhere; how many have a licence that is not known here.
    fn check(&self, file: &str, policy: &Policy, licences: &Licences, findings: &mut Findings) -> Result<u32, String> {
        let mut unknown = 0;
        for package in &self.package {
            let (name, Some(source)) = (&package.name, package.source.as_deref()) else { continue };
            let mut error = |what: String| findings.error(format!("{file}: {name} {}: {what}", package.version));
            if !policy.sources.allow_registry.iter().any(|url| source.strip_prefix("registry+") == Some(url)) {
                error(format!("source {source} is not allowed"));
            } else if package.checksum.is_none() {
                error("no checksum".into());
            }
            let uses = |user: &&Locked| user.dependencies.iter().any(|d| d.split(' ').next() == Some(name));
            let users: Vec<&str> = self.package.iter().filter(uses).map(|user| user.name.as_str()).collect();
            for ban in &policy.bans.deny {
                if ban.forbids(name, &package.version, &users)? {
                    error(format!("banned: {}", ban.reason));
                }
            }
            match licences.get(&(name.clone(), package.version.to_string())) {
                Some(licence) if !policy.allows(name, licence.as_deref().unwrap_or_default()) => {
                    error(format!("licence `{}` is not allowed", licence.as_deref().unwrap_or("none")));
                }
                Some(_) => {}
                None => unknown += 1,
            }
        }
        Ok(unknown)
    }
}

impl Policy {
    fn allows(&self, name: &str, licence: &str) -> bool {
        let extra = self.licenses.exceptions.iter().filter(|e| e.name == name).map(|e| &e.allow);
        let sets: Vec<_> = extra.chain([&self.licenses.allow]).collect();
        let allowed = |req: &LicenseReq| sets.iter().any(|set| set.contains(&req.to_string()));
        Expression::parse_mode(licence, ParseMode::LAX).is_ok_and(|expression| expression.evaluate(allowed))
    }
}

impl Ban {
    fn forbids(&self, name: &str, version: &Version, users: &[&str]) -> Result<bool, String> {
        let (banned, requirement) = self.spec.split_once(':').unwrap_or((&self.spec, ""));
        let matches = match requirement {
            "" => true,
            text => VersionReq::parse(text).map_err(|e| format!("deny.toml: {}: {e}", self.spec))?.matches(version),
        };
        let tolerated = !users.is_empty() && users.iter().all(|user| self.wrappers.contains(*user));
        Ok(banned == name && matches && !tolerated)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: &str = r#"
        [licenses]
        allow = ["MIT", "Apache-2.0"]
        exceptions = [{ crate = "fonts", allow = ["OFL-1.1"] }]
        [bans]
        deny = [
            { crate = "old", reason = "unmaintained" },
            { crate = "time:<0.2.23", reason = "unsound" },
            { crate = "macros", wrappers = ["own"], reason = "unmaintained" },
        ]
        [sources]
        allow-registry = ["https://r.example"]
    "#;

    fn package(name: &str, version: &str, rest: &str) -> String {
        format!("[[package]]\nname = \"{name}\"\nversion = \"{version}\"\n{rest}\n")
    }

    #[test]
    fn sources_checksums_bans_and_licences() {
        let (good, git) = ("source = \"registry+https://r.example\"", "source = \"git+https://g.example/x#1\"");
        let summed = format!("{good}\nchecksum = \"00\"");
        let lock: String = [
            package("own", "0.1.0", "dependencies = [\"macros 1.0.0\"]"),
            ["macros 1.0.0", "old 1.0.0-rc.1", "time 0.2.22", "time 0.2.23", "gpl 1.0.0", "none 1.0.0", "fonts 1.0.0"]
                .map(|p| package(p.split_once(' ').unwrap().0, p.split_once(' ').unwrap().1, &summed))
                .concat(),
            package("unsummed", "1.0.0", good),
            package("wild", "1.0.0", git),
        ]
        .concat();
        let licences =
            [("gpl", Some("MIT AND GPL-3.0-only")), ("none", None), ("fonts", Some("(MIT/BSD-2-Clause) AND OFL-1.1"))];
        let licences = licences.map(|(name, l)| ((name.to_owned(), "1.0.0".to_owned()), l.map(str::to_owned)));
        let mut findings = Findings::default();
        let (lock, policy): (Lock, Policy) = (toml::from_str(&lock).unwrap(), toml::from_str(POLICY).unwrap());
        assert_eq!(lock.check("L", &policy, &licences.into(), &mut findings), Ok(6));
        let wanted = [
            "old 1.0.0-rc.1: banned: unmaintained",
            "time 0.2.22: banned: unsound",
            "gpl 1.0.0: licence `MIT AND GPL-3.0-only` is not allowed",
            "none 1.0.0: licence `none` is not allowed",
            "unsummed 1.0.0: no checksum",
            "wild 1.0.0: source git+https://g.example/x#1 is not allowed",
        ];
        assert_eq!(findings.errors, wanted.map(|w| format!("L: {w}")));
        assert!(!policy.bans.deny[2].forbids("macros", &Version::new(1, 0, 0), &["own"]).unwrap());
        assert!(policy.bans.deny[2].forbids("macros", &Version::new(1, 0, 0), &["own", "other"]).unwrap());
    }
}
