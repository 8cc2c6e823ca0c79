//! Routes, error codes and limits in documents are those of template and code.

use std::collections::{BTreeMap, BTreeSet};

use domain::cart::MAX_LINES;
use erp_client::{TimeLimit, TimeLimits};
use local::template::{Deployment, Node, SOURCE, Template};

use super::{hold, read, root, rows};

fn template() -> Template {
    let parameters = [("ErpUrl", "http://erp"), ("JwtIssuer", "http://issuer")];
    let deployment = Deployment {
        parameters: parameters
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        secrets: [("erp:token".to_owned(), "secret".to_owned())].into(),
        queue_base: "http://aws".to_owned(),
    };
    Template::read(SOURCE, &deployment).unwrap()
}

#[test]
fn the_routes_in_the_document_are_those_of_the_template() {
    let mut function = String::new();
    let mut documented = BTreeSet::new();
    for row in rows("shared/wire/README.md", "routes") {
        if !row[0].is_empty() {
            function = row[0].trim_matches('`').to_owned();
        }
        let public = row[1].ends_with('∘');
        let route = row[1].trim_end_matches('∘').trim().trim_matches('`');
        assert!(
            documented.insert((function.clone(), route.to_owned(), public)),
            "{route} twice"
        );
    }
    let deployed: BTreeSet<_> = template()
        .functions
        .into_iter()
        .flat_map(|function| {
            let name = function.name;
            function.routes.into_iter().map(move |route| {
                let line = format!("{} {}", route.method, route.path);
                (name.clone(), line, route.public)
            })
        })
        .collect();
    assert_eq!(documented, deployed);
}

/// Status and code of every problem, as the table of problems in the source has them.
fn problems() -> BTreeSet<(u16, String)> {
    let source = read("shared/lambda-kit/src/http/problem.rs");
    let mut found = BTreeSet::new();
    for piece in source.split("StatusCode::").skip(1) {
        let (constant, rest) = piece.split_once(',').unwrap_or((piece, ""));
        let Some(code) = rest.trim_start().strip_prefix('"') else {
            continue;
        };
        let status = match constant {
            "BAD_REQUEST" => 400,
            "UNAUTHORIZED" => 401,
            "FORBIDDEN" => 403,
            "NOT_FOUND" => 404,
            "METHOD_NOT_ALLOWED" => 405,
            "CONFLICT" => 409,
            "PRECONDITION_FAILED" => 412,
            "PAYLOAD_TOO_LARGE" => 413,
            "UNSUPPORTED_MEDIA_TYPE" => 415,
            "UNPROCESSABLE_ENTITY" => 422,
            "INTERNAL_SERVER_ERROR" => 500,
            "BAD_GATEWAY" => 502,
            "SERVICE_UNAVAILABLE" => 503,
            "GATEWAY_TIMEOUT" => 504,
            other => panic!("what is StatusCode::{other}?"),
        };
        found.insert((status, code.split('"').next().unwrap().to_owned()));
    }
    assert!(found.len() > 30, "the source is read wrongly: {found:?}");
    found
}

#[test]
fn the_error_codes_in_the_document_are_those_of_the_code() {
    let documented: BTreeSet<_> = rows("shared/wire/README.md", "errors")
        .into_iter()
        .map(|row| (row[0].parse().unwrap(), row[1].trim_matches('`').to_owned()))
        .collect();
    assert_eq!(documented, problems());
}

/// A number with a unit, such as `0.7 s`, in milliseconds.
fn milliseconds(text: &str) -> u64 {
    let (number, unit) = text.split_once(' ').unwrap();
    let (whole, tenths) = number.split_once('.').unwrap_or((number, "0"));
    let tenths = whole.parse::<u64>().unwrap() * 10 + tenths.parse::<u64>().unwrap();
    match unit {
        "s" => tenths * 100,
        "min" => tenths * 6_000,
        unit => panic!("{unit} is not a unit of time"),
    }
}

/// A time in seconds, with a tenth where there is one.
fn seconds(millis: u64) -> String {
    match millis % 1_000 / 100 {
        0 => format!("{} s", millis / 1_000),
        tenth => format!("{}.{tenth} s", millis / 1_000),
    }
}

/// The text of a source, or of all sources in a folder.
fn source(path: &str) -> String {
    let path = root().join(path);
    if path.is_file() {
        return std::fs::read_to_string(path).unwrap();
    }
    let mut text = String::new();
    let mut folders = vec![path];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                text += &std::fs::read_to_string(path).unwrap();
            }
        }
    }
    text
}

/// The value in milliseconds of a constant in a source, or of the argument of a builder's method.
fn value_of(path: &str, name: &str) -> u64 {
    let source = source(path);
    let definition = source
        .lines()
        .map(str::trim)
        .find(|line| {
            line.contains(&format!("const {name}:")) || line.starts_with(&format!(".{name}("))
        })
        .unwrap_or_else(|| panic!("{path} has no {name}"));
    let value = definition
        .rsplit_once([' ', '('])
        .map_or(definition, |(_, value)| value);
    let digits: String = value.chars().filter(char::is_ascii_digit).collect();
    let number: u64 = digits.parse().unwrap();
    let name = name.to_lowercase();
    let millis = ["_ms", "_millis"].iter().any(|end| name.ends_with(end));
    if millis || definition.contains("from_millis") {
        number
    } else {
        number * 1_000
    }
}

#[test]
fn the_time_limits_in_the_document_are_those_of_the_code() {
    let rows = rows("OPERATIONS.md", "limits");
    assert!(rows.len() > 10, "{rows:?}");
    for row in rows {
        let (value, set_in) = (&row[1], row[2].trim_matches('`'));
        let (file, name) = set_in
            .split_once(": ")
            .unwrap_or_else(|| panic!("{row:?} names no constant"));
        let actual = value_of(&format!("shared/{file}"), name);
        let stated = milliseconds(value);
        assert_eq!(actual, stated, "{}: milliseconds set, and stated", row[0]);
    }
}

#[test]
fn the_time_limits_of_erp_calls_are_those_of_the_code() {
    let limits = TimeLimits::default();
    let of = |limit: TimeLimit, lines| seconds(u64::try_from(limit.of(lines)).unwrap());
    let mut table = "| call | time limit | pause |\n| --- | --- | --- |\n".to_owned();
    table += &format!("| connecting | {} | |\n", seconds(limits.connect_ms));
    let calls = [
        ("prices, availability", limits.lookup, "item"),
        ("reserve, cancel, calculate", limits.checkout, "line"),
        ("orders, quotes, members", limits.submission, "line"),
        ("find, list, detail", limits.tracking, ""),
    ];
    for (calls, limit, each) in calls {
        let mut time = of(limit, 0);
        if limit.per_line_ms > 0 {
            time += &format!(" + {} ms per {each}", limit.per_line_ms);
        }
        let pause = seconds(limit.read_ms);
        table += &format!("| {calls} | {time} | {pause} |\n");
    }
    let largest = of(limits.submission, MAX_LINES);
    table += &format!("| an order of {MAX_LINES} lines | {largest} | |\n");
    hold("OPERATIONS.md", "erp-limits", &table);
}

#[test]
fn memory_and_time_of_functions_are_those_of_the_template() {
    let template = template();
    let mut documented = BTreeMap::new();
    for row in rows("OPERATIONS.md", "functions") {
        for name in row[0].split(", ") {
            let name = name.trim_matches('`').to_owned();
            assert!(
                documented
                    .insert(name, (row[1].clone(), row[2].clone()))
                    .is_none()
            );
        }
    }
    let deployed: BTreeMap<_, _> = template
        .functions
        .iter()
        .map(|function| {
            let memory = memory(&function.logical_name);
            let time = format!("{} s", function.timeout.as_secs());
            (function.name.clone(), (format!("{memory} MB"), time))
        })
        .collect();
    assert_eq!(documented, deployed);
}

/// The memory of a function in megabytes.
fn memory(logical_name: &str) -> i64 {
    let source = Node::parse(SOURCE).unwrap();
    let own = source.at(&["Resources", logical_name, "Properties", "MemorySize"]);
    let shared = source.at(&["Globals", "Function", "MemorySize"]);
    own.or(shared).and_then(Node::int).unwrap()
}

#[test]
fn the_data_layout_names_the_tables_of_the_template() {
    let architecture = read("ARCHITECTURE.md");
    let (_, layout) = architecture.split_once("## Data layout").expect("the part");
    let bold = layout.split("**").skip(1).step_by(2);
    let documented: BTreeSet<_> = bold.filter(|name| name.ends_with("Table")).collect();
    let template = template();
    let deployed: BTreeSet<_> = template.tables.iter().map(|table| &*table.name).collect();
    assert_eq!(documented, deployed);
}

/// A path with every parameter named alike, without a query.
fn shape(path: &str) -> String {
    let path = path.split('?').next().unwrap();
    let segments = path
        .split('/')
        .map(|segment| match segment.strip_prefix('{') {
            Some(_) => "{}",
            None => segment,
        });
    segments.collect::<Vec<_>>().join("/")
}

/// Method and path between two marks, wherever a text has them.
fn calls(text: &str, before_path: &str, after_path: char) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for method in ["GET", "POST", "PUT", "DELETE"] {
        for piece in text.split(&format!("{method} {before_path}/")).skip(1) {
            let path = piece.split(after_path).next().unwrap();
            found.insert(format!("{method} /{}", shape(path)));
        }
    }
    found
}

#[test]
fn the_erp_contract_describes_the_routes_that_the_simulator_has() {
    let contract = read("shared/erp-client/README.md");
    let headings = contract.lines().filter(|line| line.starts_with("###"));
    let headings: String = headings.collect();
    let simulator = read("tests/erp-sim/src/operation.rs");
    let routes = calls(&simulator, "\"", '"');
    assert!(
        routes.len() > 15,
        "the simulator is read wrongly: {routes:?}"
    );
    assert_eq!(calls(&headings, "", '`'), routes);
}
