#include "services/smtp/fix_up.hpp"

#include "services/mail/trace.hpp"

#include <fmt/core.h>

#include <utility>

namespace portico::smtp {

FixUp::FixUp(std::string_view id, std::string_view host_name,
             std::chrono::system_clock::time_point now)
    : date_{fmt::format("Date: {}\r\n", mail::date_time(now))},
      message_id_{fmt::format("Message-ID: <{}@{}>\r\n", id, host_name)}
{
}

FixUp::Pieces FixUp::pass(std::string_view bytes, const HeaderSection& header,
                          HeaderSection::Extent extent)
{
    if (done_) return {bytes};
    const auto inside = bytes.substr(0, extent.inside);
    const auto after = bytes.substr(extent.inside);
    released_ = std::exchange(held_, {});
    if (!extent.ended) {
        if (inside.empty()) {
            held_ = std::exchange(released_, {});
            held_ += after;
            return {};
        }
        held_ = after;
        last_ = inside.back();
        return {released_, inside};
    }
    done_ = true;
    auto fields = missing(header, !after.empty() && !header.ended_by_empty_line());
    if (!inside.empty()) {
        held_ = std::move(fields); // nothing is held any more
        return {released_, inside, held_, after};
    }
    released_.insert(0, fields);
    return {released_, after};
}

std::string_view FixUp::finish(const HeaderSection& header)
{
    if (std::exchange(done_, true)) return {};
    released_ = last_ == '\n' ? "" : "\r\n"; // the last field has no line end (BDAT)
    released_ += missing(header, !held_.empty());
    if (released_ == "\r\n") released_.clear(); // nothing is missing
    released_ += held_;
    return released_;
}

std::string FixUp::missing(const HeaderSection& header, bool text_follows) const
{
    std::string fields;
    if (!header.has_date()) fields += date_;
    if (!header.has_message_id()) fields += message_id_;
    // A message without a header section gets the empty line, too, that makes these one.
    if (!header.has_fields() && text_follows) fields += "\r\n";
    return fields;
}

} // namespace portico::smtp
