#include "services/catalog/plan.hpp"

#include <algorithm>

namespace portico::catalog {

namespace {

using Kind = Term::Kind;

enum class Needs : std::uint8_t { state, head, text };

Needs needs(Kind kind)
{
    switch (kind) {
    case Kind::text: return Needs::text;
    case Kind::tag:
    case Kind::tagged:
    case Kind::read:
    case Kind::unread: return Needs::state;
    case Kind::to:
    case Kind::from:
    case Kind::cc:
    case Kind::bcc:
    case Kind::reply_to:
    case Kind::addressed:
    case Kind::subject:
    case Kind::message_id:
    case Kind::attachments:
    case Kind::inlines:
    case Kind::after:
    case Kind::before:
    case Kind::larger:
    case Kind::smaller: return Needs::head;
    }
    return Needs::head;
}

bool state_holds(const Term& term, bool read, const std::vector<std::string>& tags)
{
    if (term.kind == Kind::read) return read;
    if (term.kind == Kind::unread) return !read;
    if (term.kind == Kind::tagged) return !tags.empty();
    return std::ranges::find(tags, term.value) != tags.end();
}

bool head_holds(const Term& term, const HeadView& head)
{
    const auto has = [&](FactField field) {
        return head.fact(field).find(term.value) != std::string_view::npos;
    };
    switch (term.kind) {
    case Kind::to: return has(FactField::to);
    case Kind::from: return has(FactField::from);
    case Kind::cc: return has(FactField::cc);
    case Kind::bcc: return has(FactField::bcc);
    case Kind::reply_to: return has(FactField::reply_to);
    case Kind::addressed:
        return has(FactField::to) || has(FactField::from) || has(FactField::cc) ||
               has(FactField::bcc) || has(FactField::reply_to);
    case Kind::subject: return has(FactField::subject);
    case Kind::message_id: return has(FactField::message_id);
    case Kind::attachments: return head.attachments() > 0;
    case Kind::inlines: return head.inlines();
    case Kind::after: return head.created() >= term.time;
    case Kind::before: return head.created() <= term.time;
    case Kind::larger: return static_cast<double>(head.message_size()) > term.size;
    case Kind::smaller: return static_cast<double>(head.message_size()) < term.size;
    case Kind::text:
    case Kind::tag:
    case Kind::tagged:
    case Kind::read:
    case Kind::unread: break; // not of a record
    }
    return false;
}

} // namespace

Plan::Plan(const Query& query, std::optional<Time> before) : before_{before}
{
    for (const auto& term : query.terms) {
        switch (needs(term.kind)) {
        case Needs::state: states_.push_back(term); break;
        case Needs::head: heads_.push_back(term); break;
        case Needs::text: texts_.push_back({Needle{term.value}, term.negated}); break;
        }
    }
    std::ranges::stable_sort(texts_, [](const TextTerm& a, const TextTerm& b) {
        if (a.negated != b.negated) return b.negated;
        return a.needle.text().size() > b.needle.text().size();
    });
}

bool Plan::allows(bool read, const std::vector<std::string>& tags) const
{
    return std::ranges::all_of(
        states_, [&](const Term& term) { return state_holds(term, read, tags) != term.negated; });
}

bool Plan::allows(const HeadView& head) const
{
    if (before_ && head.created() >= *before_) return false;
    return std::ranges::all_of(
        heads_, [&](const Term& term) { return head_holds(term, head) != term.negated; });
}

bool Plan::allows(std::string_view text) const
{
    return std::ranges::all_of(
        texts_, [&](const TextTerm& term) { return term.needle.is_in(text) != term.negated; });
}

std::vector<std::size_t> Plan::allowed(std::string_view piece, std::span<const Text> texts) const
{
    std::vector<std::size_t> found;
    const bool leaps = !texts_.empty() && !texts_.front().negated;
    for (std::size_t i = 0; i < texts.size(); ++i) {
        if (leaps) {
            // One look over all of them: a call for each would take longer than their octets.
            const auto place = texts_.front().needle.find(piece, texts[i].offset);
            while (i < texts.size() && texts[i].offset + texts[i].size <= place) ++i;
            if (i == texts.size()) break;
        }
        const auto& text = texts[i];
        if (allows(piece.substr(text.offset, text.size))) found.push_back(i);
    }
    return found;
}

} // namespace portico::catalog
