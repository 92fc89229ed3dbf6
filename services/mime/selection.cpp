#include "services/mime/selection.hpp"

namespace portico::mime {

namespace {

/// The nodes level by level; as they are stored they stand in source order, which is depth first.
std::vector<const Node*> breadth_first(const std::vector<Node>& nodes)
{
    std::vector<const Node*> order{&nodes.front()};
    for (std::size_t i = 0; i < order.size(); ++i)
        for (auto child : order[i]->children) order.push_back(&nodes[child]);
    return order;
}

bool is_body(const Node& node, std::string_view type)
{
    return node.content_type == type && node.disposition != Disposition::attachment;
}

bool is_multipart(const Node& node)
{
    return node.content_type.starts_with("multipart/");
}

// One part that is all of the message.
void select_root(const Node& root, Selection& selection)
{
    const bool is_text = root.content_type.starts_with("text/");
    if (is_text && root.disposition != Disposition::attachment) {
        if (root.content_type == "text/html")
            selection.html = &root;
        else
            selection.text.push_back(&root);
    } else if (root.disposition == Disposition::inline_) {
        selection.inlines.push_back(&root);
    } else {
        selection.attachments.push_back(&root);
    }
}

void select_bodies(const std::vector<Node>& nodes, const std::vector<const Node*>& levels,
                   Selection& selection)
{
    const bool alternative = nodes.front().content_type == "multipart/alternative";
    if (alternative) {
        for (const auto* node : levels)
            if (selection.text.empty() && is_body(*node, "text/plain"))
                selection.text.push_back(node);
    }
    for (const auto& node : nodes) {
        if (!alternative && is_body(node, "text/plain")) selection.text.push_back(&node);
        if (selection.html == nullptr && is_body(node, "text/html")) selection.html = &node;
    }
}

void select_listed(const std::vector<const Node*>& levels, Selection& selection)
{
    constexpr std::string_view octets = "application/octet-stream";
    std::vector<const Node*> others;
    for (const auto* node : levels) {
        if (is_multipart(*node)) continue;
        const auto& type = node->content_type;
        if (node->disposition == Disposition::attachment || type == octets)
            selection.attachments.push_back(node);
        else if (node->disposition == Disposition::inline_)
            selection.inlines.push_back(node);
        else if (type != "text/plain" && type != "text/html")
            others.push_back(node);
    }
    selection.inlines.insert(selection.inlines.end(), others.begin(), others.end());
}

} // namespace

Selection select(const std::vector<Node>& nodes)
{
    Selection selection;
    if (!nodes.front().is_multipart) {
        select_root(nodes.front(), selection);
        return selection;
    }
    const auto levels = breadth_first(nodes);
    select_bodies(nodes, levels, selection);
    select_listed(levels, selection);
    return selection;
}

} // namespace portico::mime
