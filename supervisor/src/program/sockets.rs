//! The listening sockets of HTTP. The supervisor holds them, so that nobody is refused while `api` is being
//! replaced: connections wait in the kernel's queue.
//!
//! Leaves binding them to `runtime`.

use std::{cell::RefCell, rc::Rc};

use runtime::listen::Listeners;

/// See the head of this file; clones share.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sockets(Rc<RefCell<Option<Rc<Listeners>>>>);

impl Sockets {
    /// Hands these over from now on.
    pub(crate) fn set(&self, listeners: Listeners) {
        self.0.replace(Some(Rc::new(listeners)));
    }

    /// Those that are handed over now; they stay open while the answer is held.
    pub(super) fn held(&self) -> Option<Rc<Listeners>> {
        self.0.borrow().clone()
    }
}
