//! The Python package: its module as the workspace's tests build it, and its tests in the environment of `.ci/setup`.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Context, Tally, Tier};
use crate::workspace;

/// Builds the module, lays the package out in `target/python-package` and runs its tests and examples; with `--all` also installs
/// it as a user does.
pub fn python(context: &mut Context) -> Result<Tally, String> {
    let root = workspace::root();
    let python = root.join("target/python/bin/python3");
    let pinned = root.join("python/tests/requirements.txt");
    if !same(&pinned, &root.join("target/python/requirements.txt")) {
        return Ok(Tally::skip("python", "no Python with what python/tests/requirements.txt pins: .ci/setup gets it"));
    }
    // All packages are selected, so that dependencies have the features of `host-tests`, and one program is built.
    let mut build = Command::new(workspace::cargo());
    build.current_dir(root).args(["test", "--locked", "--workspace", "--test", "module"]);
    if !context.log.run(&mut build)? {
        return Ok(Tally::one(false));
    }
    let package = root.join("target/python-package");
    lay_out(root, &package).map_err(|e| format!("{}: {e}", package.display()))?;
    let mut tests = Command::new(&python);
    // Not beside the package's sources, which Python would take for the package.
    tests.current_dir(root.join("python/tests")).env("PYTHONPATH", &package).env("PYTHONDONTWRITEBYTECODE", "1");
    tests.args(["-m", "pytest", "-rs", "-p", "no:cacheprovider", "--doctest-modules", "--pyargs", "hone", "."]);
    let succeeded = context.log.run(&mut tests)?;
    let mut tally = of_pytest(&context.log.text(), succeeded);
    if context.tier == Tier::All {
        tally.add(Tally::one(installs(context, root)?));
    }
    Ok(tally)
}

/// Whether both files are there and the same.
fn same(a: &Path, b: &Path) -> bool {
    matches!((std::fs::read(a), std::fs::read(b)), (Ok(a), Ok(b)) if a == b)
}

/// The package as pip would install it.
fn lay_out(root: &Path, package: &Path) -> std::io::Result<()> {
    let hone = package.join("hone");
    if hone.exists() {
        std::fs::remove_dir_all(&hone)?;
    }
    std::fs::create_dir_all(&hone)?;
    for entry in std::fs::read_dir(root.join("python/hone"))? {
        let path = entry?.path();
        let kept = path.extension().is_some_and(|e| ["py", "pyi", "typed"].iter().any(|kept| e == *kept));
        if let (true, Some(name)) = (kept, path.file_name()) {
            std::fs::copy(&path, hone.join(name))?;
        }
    }
    let (prefix, suffix) = (std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    let module = root.join(format!("target/debug/deps/{prefix}_hone{suffix}"));
    std::fs::copy(module, hone.join("_hone.abi3.so")).map(|_| ())
}

/// `pip install ./python` into an environment that has nothing.
fn installs(context: &mut Context, root: &Path) -> Result<bool, String> {
    let fresh: PathBuf = root.join("target/python-fresh");
    let python = fresh.join("bin/python3");
    let mut all = true;
    for (program, arguments) in [
        (Path::new("python3"), vec!["-m", "venv", "--clear", "target/python-fresh"]),
        (&python, vec!["-m", "pip", "install", "--quiet", "./python"]),
        (&python, vec!["-c", "import hone; assert hone.Svm().fit([[0], [1]], [0, 1]).predict([[2]]) == [1]"]),
    ] {
        all = all && context.log.run(Command::new(program).current_dir(root).args(arguments))?;
    }
    Ok(all)
}

/// The line with which pytest ends. A check of scikit-learn's that one is expected not to pass counts as passed.
fn of_pytest(output: &str, succeeded: bool) -> Tally {
    let ending = output.lines().rev().find(|line| line.contains(" passed") || line.contains(" failed")).unwrap_or("");
    let number = |what: &str| {
        let count = |part: &str| part.trim().trim_start_matches('=').trim().strip_suffix(what)?.trim().parse().ok();
        ending.split([',']).find_map(|part| count(part.split(" in ").next().unwrap_or(part))).unwrap_or(0u64)
    };
    let mut tally = Tally {
        passed: number("passed") + number("xfailed"),
        failed: number("failed") + number("errors") + number("error"),
        ..Tally::default()
    };
    if number("skipped") > 0 && output.contains("test_host_program.py") {
        let why = "no host program that knows --save: the check host-tests builds one";
        tally.add(Tally::skip("python: hone eval --save", why));
    }
    if !succeeded && tally.failed == 0 {
        tally.failed = 1;
    }
    tally
}

#[cfg(test)]
mod tests {
    use super::of_pytest;

    #[test]
    fn the_last_line_is_read() {
        let text = "x 1 failed\n=== 1 failed, 417 passed, 30 skipped, 5 xfailed, 2 warnings in 14.02s ===\n";
        assert_eq!(of_pytest(text, false).line(), "422 passed, 1 failed, 0 skipped");
        assert_eq!(of_pytest("417 passed, 5 xfailed in 1.00s", true).line(), "422 passed, 0 failed, 0 skipped");
        assert_eq!(of_pytest("ImportError", false).line(), "0 passed, 1 failed, 0 skipped");
    }
}
