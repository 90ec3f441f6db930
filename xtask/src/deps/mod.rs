//! Dependencies of every lock file against `deny.toml`, without a network: licences, sources, checksums, versions known
//! to be bad, several versions of one crate. cargo-deny reads the same file and, where it can reach its database,
//! adds the advisories of the day.

mod lock;
mod policy;

use std::collections::BTreeMap;
use std::path::PathBuf;

use cargo_metadata::{DependencyKind, Metadata};
use serde::Deserialize;

use crate::{Findings, workspace};
use lock::{Lock, Locked};
use policy::Policy;

/// Licence by name and version; none where a package states none.
type Licences = BTreeMap<(String, String), Option<String>>;

/// Checks every lock file of the repository.
pub fn check() -> Result<Findings, String> {
    let policy = Policy::parse(&read("deny.toml")?)?;
    let mut findings = Findings::default();
    let mut licences = Licences::new();
    let mut locks = Vec::new();
    for folder in workspace::workspaces() {
        let file = if folder == "." { "Cargo.lock".to_owned() } else { format!("{folder}/Cargo.lock") };
        match read(&file).and_then(|text| Lock::parse(&text)) {
            Ok(lock) => locks.push((file, lock)),
            Err(why) => findings.error(format!("{file}: {why}")),
        }
        collect(folder, &mut licences, &mut findings);
    }
    for (file, lock) in &locks {
        lock.check(file, &policy, &mut findings);
        check_licences(file, lock, &policy, &licences, &mut findings);
    }
    Ok(findings)
}

fn read(file: &str) -> Result<String, String> {
    std::fs::read_to_string(workspace::root().join(file)).map_err(|e| format!("{file}: {e}"))
}

/// Adds the licences that cargo reports for one workspace, and checks what only its manifests show.
fn collect(folder: &str, licences: &mut Licences, findings: &mut Findings) {
    // What other platforms need is not on this machine, and getting it would need the network.
    let metadata = match workspace::metadata(folder, &["--locked", "--filter-platform", host_triple()]) {
        Ok(metadata) => metadata,
        // The application resolves only inside a west workspace; its lock file is checked all the same.
        Err(why) if folder == "app" => return findings.note(format!("app: {why}")),
        Err(why) => return findings.error(why),
    };
    for package in &metadata.packages {
        let key = (package.name.to_string(), package.version.to_string());
        licences.insert(key, package.license.clone());
    }
    check_manifests(&metadata, findings);
}

/// Licence and publication of the repository's own crates, and dependencies that take any version.
fn check_manifests(metadata: &Metadata, findings: &mut Findings) {
    for package in metadata.workspace_packages() {
        let name = &package.name;
        if package.license.as_deref() != Some("Apache-2.0") {
            findings.error(format!("{name}: its manifest does not say license = \"Apache-2.0\""));
        }
        for dependency in &package.dependencies {
            let free = dependency.path.is_none() && dependency.req == semver::VersionReq::STAR;
            if free && dependency.kind != DependencyKind::Development {
                findings.error(format!("{name}: takes any version of {}", dependency.name));
            }
        }
    }
}

fn check_licences(file: &str, lock: &Lock, policy: &Policy, known: &Licences, findings: &mut Findings) {
    let mut elsewhere = 0;
    for Locked { name, version, .. } in lock.foreign() {
        let licence = match known.get(&(name.clone(), version.to_string())) {
            Some(licence) => licence.clone(),
            None => match from_registry_sources(name, &version.to_string()) {
                Some(licence) => licence,
                None => {
                    elsewhere += 1;
                    continue;
                }
            },
        };
        if let Some(why) = policy.refuse_licence(name, licence.as_deref()) {
            findings.error(format!("{file}: {name} {version}: {why}"));
        }
    }
    if elsewhere > 0 {
        findings.note(format!("{file}: {elsewhere} packages for other platforms are not here; licence not checked"));
    }
}

/// Licence of a package that cargo has unpacked for another build. The outer `None`: it has not.
fn from_registry_sources(name: &str, version: &str) -> Option<Option<String>> {
    #[derive(Deserialize)]
    struct Manifest {
        package: Package,
    }
    #[derive(Deserialize)]
    struct Package {
        license: Option<String>,
    }
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cargo")))?;
    let registries = std::fs::read_dir(home.join("registry/src")).ok()?;
    let paths = registries.flatten().map(|r| r.path().join(format!("{name}-{version}/Cargo.toml")));
    let text = paths.into_iter().find_map(|p| std::fs::read_to_string(p).ok())?;
    Some(toml::from_str::<Manifest>(&text).ok()?.package.license)
}

/// The platform that this program was built for.
fn host_triple() -> &'static str {
    env!("HONE_HOST_TRIPLE")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The check on the repository itself: a package without a licence is found in the middle of real data.
    #[test]
    fn a_licence_outside_the_list_is_an_error() {
        let policy = Policy::parse(&read("deny.toml").unwrap()).unwrap();
        let lock = Lock::parse(&read("Cargo.lock").unwrap()).unwrap();
        let package = lock.foreign().next().unwrap();
        let key = (package.name.clone(), package.version.to_string());
        let mut findings = Findings::default();
        for licence in [Some("AGPL-3.0-only".to_owned()), None] {
            let known = Licences::from([(key.clone(), licence)]);
            check_licences("Cargo.lock", &lock, &policy, &known, &mut findings);
        }
        let own = |e: &&String| e.starts_with(&format!("Cargo.lock: {} ", package.name));
        assert_eq!(findings.errors.iter().filter(own).count(), 2, "{findings:?}");
    }
}
