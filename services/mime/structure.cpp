#include "services/mime/structure.hpp"

#include "services/mime/node.hpp"
#include "services/mime/utf8.hpp"

#include <string>
#include <unordered_map>

namespace portico::mime {

namespace {

constexpr std::string_view plain = "text/plain";
constexpr std::string_view message = "message/rfc822";

/// Goes through the source line by line, with the multiparts that are open as a stack.
class Splitter {
public:
    Splitter(std::string_view source, const Limits& limits) : source_{source}, limits_{limits} {}

    Structure split()
    {
        result_.nodes.push_back({.id = "0"});
        begin(0, plain);
        while (offset_ < source_.size()) {
            const auto line = line_at(source_, offset_);
            if (const auto found = delimiter(without_line_end(line)); found.depth > 0)
                delimit(found, line.size());
            else
                offset_ += line.size();
        }
        end_body(source_.size());
        for (auto& node : result_.nodes)
            if (node.is_multipart && node.children.empty()) be_plain(node);
        return std::move(result_);
    }

private:
    struct Open {
        std::size_t node;
        std::string boundary;
    };
    struct Delimiter {
        std::size_t depth = 0; // of the multipart it belongs to, from 1; 0: it is none
        bool closes = false;
    };

    // RFC 2046 section 5.1.1. Two multiparts may have the same boundary by mistake: the inner one
    // is meant. So each boundary knows the depths at which it is open.
    Delimiter delimiter(std::string_view line) const
    {
        if (open_.empty() || !line.starts_with("--")) return {};
        line.remove_prefix(2);
        line = line.substr(0, line.find_last_not_of(" \t") + 1); // transport padding
        Delimiter found{.depth = depth_of(line)};
        if (!line.ends_with("--")) return found;
        line.remove_suffix(2);
        if (const auto depth = depth_of(line); depth > found.depth) found = {depth, true};
        return found;
    }

    std::size_t depth_of(std::string_view boundary) const
    {
        if (boundary.size() > longest_) return 0;
        const auto found = depths_.find(std::string{boundary});
        return found == depths_.end() ? 0 : found->second.back();
    }

    // A new part, or the end of them; whatever is open within ends, too.
    void delimit(Delimiter found, std::size_t line_size)
    {
        end_body(offset_);
        while (open_.size() > found.depth) close();
        offset_ += line_size;
        const auto parent = open_.back().node;
        if (found.closes) {
            close();
            return;
        }
        if (result_.nodes.size() < limits_.parts)
            add(parent);
        else
            take_the_rest(result_.nodes.back());
    }

    void take_the_rest(Node& last)
    {
        last.body = source_.substr(static_cast<std::size_t>(last.body.data() - source_.data()));
        offset_ = source_.size();
    }

    // RFC 2046 section 5.1: a multipart has a part. This one has none; so that what it holds can be
    // read, it is text.
    static void be_plain(Node& node)
    {
        node.is_multipart = false;
        node.content_type = plain;
    }

    void add(std::size_t parent)
    {
        auto& above = result_.nodes[parent];
        const auto number = std::to_string(above.children.size() + 1);
        const bool digest = above.content_type == "multipart/digest"; // RFC 2046 section 5.1.5
        auto id = parent == 0 ? number : above.id + "." + number;
        const auto node = result_.nodes.size();
        above.children.push_back(node);
        result_.nodes.push_back({.parent = parent, .id = std::move(id)});
        begin(node, digest ? message : plain);
    }

    // The header of a node, which starts here.
    void begin(std::size_t index, std::string_view default_type)
    {
        const auto start = offset_;
        while (offset_ < source_.size()) {
            const auto line = line_at(source_, offset_);
            const auto text = without_line_end(line);
            if (delimiter(text).depth > 0) break; // a part with neither empty line nor body
            offset_ += line.size();
            if (text.empty()) break;
        }
        auto header = parse_header(source_.substr(start, offset_ - start));
        auto& node = result_.nodes[index];
        auto boundary = describe(header, default_type, node);
        body_ = start + header.body;
        node.body = source_.substr(body_, 0);
        has_body_ = true;
        current_ = index;
        if (index == 0) result_.header = std::move(header);
        if (!boundary.empty() && open_.size() < limits_.depth) open(index, std::move(boundary));
    }

    void open(std::size_t index, std::string boundary)
    {
        result_.nodes[index].is_multipart = true;
        longest_ = std::max(longest_, boundary.size());
        open_.push_back({index, boundary});
        depths_[std::move(boundary)].push_back(open_.size());
    }

    void close()
    {
        const auto found = depths_.find(open_.back().boundary);
        found->second.pop_back();
        if (found->second.empty()) depths_.erase(found);
        open_.pop_back();
    }

    // RFC 2046 section 5.1.1: the line end before a delimiter belongs to it. Behind the end of a
    // multipart comes its epilogue, which is nobody's.
    void end_body(std::size_t end)
    {
        if (!has_body_) return;
        has_body_ = false;
        auto body = source_.substr(body_, std::max(end, body_) - body_);
        if (end < source_.size()) body = without_line_end(body);
        result_.nodes[current_].body = body;
    }

    std::string_view source_;
    const Limits& limits_;
    Structure result_;
    std::size_t offset_ = 0;
    std::vector<Open> open_;
    std::unordered_map<std::string, std::vector<std::size_t>> depths_;
    std::size_t longest_ = 0;
    std::size_t current_ = 0; // whose body goes on
    std::size_t body_ = 0;    // where it began
    bool has_body_ = false;
};

} // namespace

Structure split(std::string_view source, const Limits& limits)
{
    return Splitter{source, limits}.split();
}

} // namespace portico::mime
