use crate::failure::Failure;
#[derive(clap::Args)]
pub struct JournalArgs {}
pub fn run(_: &JournalArgs) -> Result<(), Failure> {
    Ok(())
}
