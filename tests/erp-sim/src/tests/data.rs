use super::*;

#[test]
fn the_bundled_data_is_read() {
    let dataset = bundled();
    assert_eq!(dataset.item_count(), 58);
    assert_eq!(
        dataset.shipping_methods().collect::<Vec<_>>(),
        ["STANDARD", "EXPRESS", "PICKUP"]
    );
    assert_eq!(dataset.organizations.len(), 3);
}

#[test]
fn an_error_names_file_and_line() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let file = folder.path().join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    };
    let read = || Dataset::read(folder.path()).unwrap_err().to_string();
    assert!(
        read().contains("incoming/list-prices/snapshot holds no .csv file"),
        "{}",
        read()
    );
    write(
        "incoming/list-prices/snapshot/a.csv",
        "sku,currency,amount\nA,USD,1.00\n",
    );
    write(
        "erp/offers.csv",
        "sku,min_quantity,max_quantity,discount\nA,0,,.5\nA,0,,half\n",
    );
    assert!(
        read().ends_with("erp/offers.csv, line 3: `discount` is not a decimal number: \"half\""),
        "{}",
        read()
    );
    write("erp/offers.csv", "sku,min_quantity,discount\n");
    assert!(
        read().ends_with("erp/offers.csv, line 1: the column `max_quantity` is missing"),
        "{}",
        read()
    );
}

/// The large data set is next to the checkout on some machines only.
#[test]
fn the_large_data_set_is_read_where_it_is() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/adventureworks");
    if !folder.is_dir() {
        eprintln!("skipped: no adventureworks folder next to the checkout");
        return;
    }
    let dataset = Dataset::read(&folder).unwrap();
    assert_eq!(
        (dataset.item_count(), dataset.organizations.len()),
        (504, 701)
    );
    assert!(dataset.items["HL-U509-R"].list_price("USD", NOON).is_some());
}
