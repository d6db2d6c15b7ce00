//! The client against a socket that verifies and decodes as the daemon does.

#[cfg(test)]
mod delivery;
#[cfg(test)]
mod engine;
#[cfg(test)]
mod layer;
#[cfg(test)]
mod logger;
#[cfg(test)]
mod receiver;
