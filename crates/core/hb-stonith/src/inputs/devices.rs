//! The configuration names other devices than before.

use alloc::string::String;
use alloc::vec::Vec;

use hb_base::{Notice, Severity};

use crate::machine::Poll;
use crate::{Device, Health, Line, Stonith, notices};

impl Stonith {
    pub(crate) fn on_devices(&mut self, lines: Vec<Line>) {
        let before = self.device().cloned();
        self.devices = Device::usable_by(&self.options.own, &lines);
        self.options.lines = lines;
        if self.device() == before.as_ref() {
            return;
        }
        let kind = self.device().map_or_else(|| String::from("none"), |device| device.kind.clone());
        let notice = Notice::new(Severity::Warning, notices::DEVICE_CHANGED, self.options.own.as_str())
            .with("from", before.map_or_else(|| String::from("none"), |device| device.kind))
            .with("to", kind);
        self.notice(notice);
        self.tell_ignored();
        self.health = Health::Unknown;
        self.poll = Poll::Off;
        self.ask_status();
        for index in 0..self.requests.len() {
            self.attempt(index);
        }
    }
}
