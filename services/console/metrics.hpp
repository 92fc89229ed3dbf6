#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace portico::console {

/// Writes metrics in Prometheus' text format, version 0.0.4: family after family, each with its
/// samples right behind it.
class Metrics {
public:
    enum class Kind : std::uint8_t {
        counter, // only grows while the process lives; its name ends in "_total"
        gauge,
    };
    using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

    static constexpr std::string_view content_type = "text/plain; version=0.0.4; charset=utf-8";

    /// `name` and `help` are ours: plain ASCII on one line.
    void family(std::string_view name, Kind kind, std::string_view help);
    /// Of the family begun last. A label's value may be any text.
    void sample(Labels labels, std::uint64_t value);
    void sample(Labels labels, double value);

    const std::string& text() const { return text_; }

private:
    void begin_sample(Labels labels);

    std::string_view name_;
    std::string text_;
};

} // namespace portico::console
