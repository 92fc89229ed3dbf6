#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace portico {

/// Says which rule the running test shows: `rule("5321", "4.1.4", "RCPT before MAIL is 503")`. As
/// often as it shows one. tests/rules.py makes the table of all of them from the tests' results.
inline void rule(std::string_view rfc, std::string_view section, std::string_view text)
{
    const auto* result = testing::UnitTest::GetInstance()->current_test_info()->result();
    const auto number = std::to_string(result->test_property_count());
    testing::Test::RecordProperty("rule" + number, std::string{rfc} + "|" + std::string{section} +
                                                       "|" + std::string{text});
}

} // namespace portico
