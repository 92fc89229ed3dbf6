#include "services/console/metrics.hpp"

#include <fmt/format.h>

#include <iterator>

namespace portico::console {

void Metrics::family(std::string_view name, Kind kind, std::string_view help)
{
    name_ = name;
    fmt::format_to(std::back_inserter(text_), "# HELP {0} {1}\n# TYPE {0} {2}\n", name, help,
                   kind == Kind::counter ? "counter" : "gauge");
}

void Metrics::sample(Labels labels, std::uint64_t value)
{
    begin_sample(labels);
    fmt::format_to(std::back_inserter(text_), " {}\n", value);
}

void Metrics::sample(Labels labels, double value)
{
    begin_sample(labels);
    fmt::format_to(std::back_inserter(text_), " {}\n", value);
}

void Metrics::begin_sample(Labels labels)
{
    text_ += name_;
    char before = '{';
    for (const auto& [name, value] : labels) {
        text_ += before;
        before = ',';
        text_ += name;
        text_ += "=\"";
        for (const char c : value) {
            if (c == '\\' || c == '"') text_ += '\\';
            if (c == '\n')
                text_ += "\\n";
            else
                text_ += c;
        }
        text_ += '"';
    }
    if (labels.size() > 0) text_ += '}';
}

} // namespace portico::console
