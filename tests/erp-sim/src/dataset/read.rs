//! From the files of a data folder to a [`Dataset`].

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use rust_decimal::Decimal;

use super::table::{DatasetError, each_row};
use super::{Dataset, Item, ListPrice, ONLINE, Offer, Organization, ShippingMethod, Tax};

impl Dataset {
    /// Reads a folder with `incoming/<kind>/snapshot/*.csv` and `erp/*.csv`. Of several snapshots
    /// of a kind the last by name counts, since a snapshot is the whole truth. List prices must be
    /// there; of the rest, what is missing is unknown to the ERP.
    ///
    /// # Errors
    /// [`DatasetError`], which names the file and the line.
    pub fn read(dir: &Path) -> Result<Self, DatasetError> {
        let mut dataset = Self::default();
        if let Some(file) = newest(dir, "items") {
            dataset.read_items(&file)?;
        }
        let prices = newest(dir, "list-prices").ok_or_else(|| DatasetError::Missing {
            folder: dir.join("incoming/list-prices/snapshot"),
        })?;
        dataset.read_prices(&prices)?;
        if let Some(file) = newest(dir, "organizations") {
            let users = newest(dir, "users")
                .map(|users| first_users(&users))
                .transpose()?
                .unwrap_or_default();
            dataset.read_organizations(&file, users)?;
        }
        let erp = |name: &str| Some(dir.join("erp").join(name)).filter(|file| file.is_file());
        if let Some(file) = erp("stock.csv") {
            dataset.read_stock(&file)?;
        }
        if let Some(file) = erp("offers.csv") {
            dataset.read_offers(&file)?;
        }
        if let Some(file) = erp("tax.csv") {
            dataset.read_taxes(&file)?;
        }
        if let Some(file) = erp("shipping.csv") {
            dataset.read_shipping(&file)?;
        }
        Ok(dataset)
    }

    fn item(&mut self, sku: &str) -> &mut Item {
        self.items
            .entry(sku.to_owned())
            .or_insert_with(|| Item::bare("EA"))
    }

    fn read_items(&mut self, file: &Path) -> Result<(), DatasetError> {
        each_row(file, &["sku", "unit", "status"], |row| {
            let weight = row.optional_decimal("attr:weight")?.unwrap_or(Decimal::ONE);
            let weight = match row.text("attr:weight_unit") {
                // The methods charge by kilogram or pound.
                "G" | "g" => weight / Decimal::ONE_THOUSAND,
                _ => weight,
            };
            let item = self.item(row.required("sku")?);
            row.required("unit")?.clone_into(&mut item.unit);
            item.active = matches!(row.text("status"), "active" | "");
            item.weight = weight;
            Ok(())
        })
    }

    fn read_prices(&mut self, file: &Path) -> Result<(), DatasetError> {
        each_row(file, &["sku", "currency", "amount"], |row| {
            let price = ListPrice {
                currency: row.required("currency")?.to_owned(),
                amount: row.decimal("amount")?,
                validity: row.validity()?,
            };
            self.item(row.required("sku")?).prices.push(price);
            Ok(())
        })
    }

    fn read_organizations(
        &mut self,
        file: &Path,
        mut users: HashMap<String, String>,
    ) -> Result<(), DatasetError> {
        each_row(file, &["organization_id"], |row| {
            let id = row.required("organization_id")?;
            let currency = match row.text("currency") {
                "" => "USD",
                currency => currency,
            };
            let user = users.remove(id);
            self.organizations.push(Organization {
                id: id.to_owned(),
                currency: currency.to_owned(),
                user,
            });
            Ok(())
        })
    }

    fn read_stock(&mut self, file: &Path) -> Result<(), DatasetError> {
        each_row(file, &["sku", "location", "quantity"], |row| {
            let location = match row.text("location") {
                "" => ONLINE.to_owned(),
                location => location.to_owned(),
            };
            let quantity = row.decimal("quantity")?;
            self.item(row.required("sku")?)
                .stock
                .insert(location, quantity);
            Ok(())
        })
    }

    fn read_offers(&mut self, file: &Path) -> Result<(), DatasetError> {
        each_row(
            file,
            &["sku", "min_quantity", "max_quantity", "discount"],
            |row| {
                let discount = row.decimal("discount")?;
                if discount < Decimal::ZERO || discount >= Decimal::ONE {
                    return Err(format!(
                        "`discount` is a fraction from 0 to below 1: \"{discount}\""
                    ));
                }
                let offer = Offer {
                    min: row.optional_decimal("min_quantity")?.unwrap_or_default(),
                    max: row.optional_decimal("max_quantity")?,
                    discount,
                    validity: row.validity()?,
                };
                self.item(row.required("sku")?).offers.push(offer);
                Ok(())
            },
        )
    }

    fn read_taxes(&mut self, file: &Path) -> Result<(), DatasetError> {
        each_row(file, &["country", "rate_percent"], |row| {
            let tax = Tax {
                percent: row.decimal("rate_percent")?,
                name: row.text("name").to_owned(),
            };
            let key = (
                row.required("country")?.to_owned(),
                row.text("region").to_owned(),
            );
            // Where a place has several taxes, the first counts: the file has one rate per place.
            self.taxes.entry(key).or_insert(tax);
            Ok(())
        })
    }

    fn read_shipping(&mut self, file: &Path) -> Result<(), DatasetError> {
        each_row(file, &["method", "base", "per_weight"], |row| {
            self.shipping.push(ShippingMethod {
                name: row.required("method")?.to_owned(),
                base: row.decimal("base")?,
                per_weight: row.decimal("per_weight")?,
            });
            Ok(())
        })
    }
}

fn first_users(file: &Path) -> Result<HashMap<String, String>, DatasetError> {
    let mut users = HashMap::new();
    each_row(file, &["user_id", "organization_id"], |row| {
        let organization = row.required("organization_id")?.to_owned();
        users
            .entry(organization)
            .or_insert_with(|| row.text("user_id").to_owned());
        Ok(())
    })?;
    Ok(users)
}

/// The last `.csv` file by name, which carries the timestamp.
fn newest(dir: &Path, kind: &str) -> Option<PathBuf> {
    let entries = std::fs::read_dir(dir.join("incoming").join(kind).join("snapshot")).ok()?;
    let files = entries.filter_map(|entry| Some(entry.ok()?.path()));
    files
        .filter(|file| file.extension().is_some_and(|extension| extension == "csv"))
        .max()
}
