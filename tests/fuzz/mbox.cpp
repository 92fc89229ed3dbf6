// Any file: the reader keeps its order of events and does not grow. Any message: an mbox with it
// gives it back.

#include "services/store/mbox.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

using namespace portico::store;

namespace {

void expect(bool holds)
{
    if (!holds) std::abort();
}

class Kept final : public MboxSink {
public:
    void begin(const FromLine&) override
    {
        expect(!open_);
        open_ = true;
        text.clear();
        ++messages;
    }
    void append(std::string_view bytes) override
    {
        expect(open_);
        text += bytes;
    }
    void end() override
    {
        expect(open_);
        open_ = false;
    }

    std::string text;
    int messages = 0;

private:
    bool open_ = false;
};

void read(MboxSink& sink, std::string_view file, std::size_t piece)
{
    MboxReader reader{sink};
    for (; !file.empty(); file.remove_prefix(std::min(piece, file.size())))
        reader.add(file.substr(0, piece));
    reader.finish();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    if (size == 0) return 0;
    const std::size_t piece = data[0] % 8 + 1u;
    const std::string_view input{reinterpret_cast<const char*>(data) + 1, size - 1};
    Kept any;
    read(any, input, piece);

    LineCheck lines;
    lines.add(input);
    const FromLine line{"ana@example.net", {}, !lines.holds()};
    auto file = to_line(line);
    MboxQuoting quoting{line.verbatim};
    quoting.add(input, file);
    quoting.end(file);
    Kept back;
    read(back, file, piece);
    expect(back.messages == 1 && back.text == input);
    return 0;
}
