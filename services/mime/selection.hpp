#pragma once

#include "services/mime/structure.hpp"

#include <vector>

namespace portico::mime {

/// Which parts of a message are what a reader sees, as Mailpit's clients expect it. They point
/// into the nodes.
struct Selection {
    const Node* html = nullptr;         // null: none
    std::vector<const Node*> text = {}; // one after the other
    std::vector<const Node*> inlines = {};
    std::vector<const Node*> attachments = {};
};

Selection select(const std::vector<Node>& nodes);

} // namespace portico::mime
