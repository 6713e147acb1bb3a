//! What Doorward is compared with.

pub(crate) mod bare;
pub(crate) mod bcrypt;
pub(crate) mod commits;
pub(crate) mod django;
pub(crate) mod pgbench;
