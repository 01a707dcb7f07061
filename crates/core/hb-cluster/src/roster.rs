//! Who belongs to the cluster: the messages that ask for, tell and change it (spec: 6.6, 9), and client questions.

use crate::hostcache::{self, Entry};
use crate::machine::Cluster;
use crate::nodes::Kind;
use crate::{Autojoin, Output, Record, Status, notices};
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use hb_base::{NodeId, NodeName, Notice, Severity, Uuid};
use hb_wire::Message;

impl Cluster {
    /// Messages of any node, ourselves too, that only this machine deals with.
    pub(crate) fn handle_internal(&mut self, from: NodeId, message: &Message) {
        let own = from == self.own_id;
        match message.kind().unwrap_or_default() {
            "reqnodes" if !own => self.tell_nodes(from),
            "repnodes" if !own => self.take_nodes(message),
            "addnode" => self.add_nodes(message.text("nodelist").unwrap_or_default(), "addnode"),
            "delnode" => self.remove_nodes(message.text("nodelist").unwrap_or_default()),
            "setweight" | "setsite" => self.set_weight_or_site(message),
            "query-cstatus" => self.answer_client_question(from, message),
            _ => {}
        }
    }

    /// `reqnodes`: the complete list, each name followed by a blank; one blank when empty.
    fn tell_nodes(&mut self, from: NodeId) {
        let Some(node) = self.nodes.find(from) else { return };
        let list = |names: Vec<&NodeName>| match names.is_empty() {
            true => String::from(" "),
            false => names.into_iter().fold(String::new(), |list, name| list + name + " "),
        };
        let present =
            self.nodes.iter().filter(|node| node.kind == Kind::Normal).map(|node| &node.name).collect();
        let removed = self.nodes.removed().map(|node| &node.name).collect();
        // The original's order of fields.
        let mut reply = Message::default().with("dest", node.name.as_str());
        reply.set("t", "repnodes");
        reply.set("nodelist", list(present));
        reply.set("delnodelist", list(removed));
        self.send(reply);
    }

    /// `repnodes`: unknown names join; configured ones that it lacks go, unless they live.
    fn take_nodes(&mut self, message: &Message) {
        let (Some(list), Some(_)) = (message.text("nodelist"), message.text("delnodelist")) else { return };
        self.early.nodes_told = true;
        self.add_nodes(list, "repnodes");
        let listed: Vec<&str> = list.split_ascii_whitespace().collect();
        let gone: Vec<NodeId> = self
            .nodes
            .iter()
            .filter(|node| node.kind == Kind::Normal && node.id != self.own_id)
            .filter(|node| matches!(node.status, Status::Init | Status::Dead))
            .filter(|node| !listed.iter().any(|name| node.name.eq_ignore_ascii_case(name)))
            .map(|node| node.id)
            .collect();
        for id in gone {
            self.remove_node(id, "repnodes");
        }
        self.write_host_cache();
        self.consider_startup();
    }

    fn add_nodes(&mut self, list: &str, by: &'static str) {
        let mut added = false;
        for name in list.split_ascii_whitespace().filter_map(NodeName::new) {
            if self.nodes.by_name(&name).is_none() {
                added |= self.join(&name, by).is_some();
            }
        }
        if added {
            self.write_host_cache();
            self.watch_from_now();
        }
    }

    fn join(&mut self, name: &NodeName, by: &'static str) -> Option<NodeId> {
        let id = self.add_node(name, Kind::Normal)?;
        let notice = Notice::new(Severity::Info, notices::NODE_JOINED, name.as_str());
        self.notice(notice.with("by", by));
        Some(id)
    }

    /// Somebody speaks who is not in the table. This frame of theirs is dropped in any case.
    pub(crate) fn meet_stranger(&mut self, name: &NodeName, uuid: Uuid) {
        self.counters.strangers += 1;
        if self.options.autojoin == Autojoin::None {
            let make = || Notice::new(Severity::Warning, notices::STRANGER, name.as_str());
            return self.throttled(make, notices::STRANGER);
        }
        let Some(id) = self.join(name, "autojoin") else { return };
        if let Some(node) = self.nodes.find_mut(id) {
            node.uuid = uuid;
            node.untold = true;
        }
        self.write_host_cache();
        self.watch_from_now();
    }

    /// `delnode`: only dead nodes, and only while all others are in service.
    fn remove_nodes(&mut self, list: &str) {
        let named: Vec<NodeId> =
            list.split_ascii_whitespace().filter_map(|name| self.nodes.by_name(name)).collect();
        if named.contains(&self.own_id) {
            let name = self.options.node.clone();
            self.notice(Notice::new(Severity::Critical, notices::OWN_REMOVAL, name.as_str()));
            return self.emit(Output::Removed);
        }
        let in_service = |status: &Status| matches!(status, Status::Up | Status::Active);
        let cause = self.nodes.iter().filter(|node| node.kind == Kind::Normal).find_map(|node| {
            let fits = if named.contains(&node.id) { node.is_dead() } else { in_service(&node.status) };
            (!fits).then(|| node.name.to_string())
        });
        if let Some(cause) = cause {
            let notice = Notice::new(Severity::Warning, notices::REMOVAL_REFUSED, list.trim());
            return self.notice(notice.with("cause", cause));
        }
        for id in named {
            if self.nodes.find(id).is_some_and(|node| node.kind == Kind::Normal) {
                self.remove_node(id, "delnode");
            }
        }
        self.write_host_cache();
        self.advance_acknowledged();
        self.consider_startup();
    }

    fn remove_node(&mut self, id: NodeId, by: &'static str) {
        let Some(node) = self.nodes.find_mut(id) else { return };
        node.removed = true;
        let name = node.name.clone();
        let notice = Notice::new(Severity::Info, notices::NODE_REMOVED, name.as_str());
        self.notice(notice.with("by", by));
        let local = Message::new("delnode").with("node", name.as_str());
        self.emit(Output::Local { message: Arc::new(local) });
    }

    fn set_weight_or_site(&mut self, message: &Message) {
        let Some(id) = message.text("node").and_then(|name| self.nodes.by_name(name)) else { return };
        let Some(node) = self.nodes.find_mut(id) else { return };
        if let Some(weight) = message.decimal("weight").and_then(|weight| u32::try_from(weight).ok()) {
            node.weight = weight;
        }
        if let Some(site) = message.text("site").filter(|site| site.len() <= NodeName::MAX_BYTES) {
            // A tab or newline would break the file's line.
            node.site = site.chars().filter(|c| !c.is_control()).collect();
        }
        self.write_host_cache();
    }

    /// `query-cstatus`: is a client on here?
    fn answer_client_question(&mut self, from: NodeId, message: &Message) {
        let (Some(client), Some(asker)) = (message.text("cn"), message.text("from_id")) else { return };
        let Some(node) = self.nodes.find(from) else { return };
        let word = if self.clients.contains(client) { "online" } else { "offline" };
        let reply = Message::new("respond-cstatus")
            .with("dest", node.name.as_str())
            .with("result", "OK")
            .with("cn", client)
            .with("to_id", asker)
            .with("cs", word);
        self.send(reply);
    }

    /// Has the known and the removed nodes written. Not in the resource-managing mode, as 3.0.x.
    pub(crate) fn write_host_cache(&mut self) {
        if self.options.manages_resources {
            return;
        }
        let normal = self.nodes.iter().filter(|node| node.kind == Kind::Normal);
        let known = hostcache::text(normal.map(Entry::of));
        let removed = hostcache::text(self.nodes.removed().map(Entry::of));
        self.persist(Record::HostCache(known));
        self.persist(Record::DelHostCache(removed));
    }
}
