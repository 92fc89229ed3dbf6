// What the image's program leaves out of the libraries it is linked to. Each of these functions is
// where a part begins that nobody here calls, and stands in for it, so that the linker takes none
// of it from the archive: SQLite's full-text search and R-trees, which no statement of ours names,
// and the whole of Zstandard, which OpenSSL would compress certificates with if it were asked to.
// They say that there is no such thing. One that a later release lacks or splits is an error of the
// linker, not of the program.

#include <cstddef>

struct sqlite3;

extern "C" {

// Registers nothing, successfully (SQLITE_OK).
int sqlite3Fts3Init(sqlite3*)
{
    return 0;
}
int sqlite3Fts5Init(sqlite3*)
{
    return 0;
}
int sqlite3RtreeInit(sqlite3*)
{
    return 0;
}

// Every result is an error, and no stream can be made.
unsigned ZSTD_isError(std::size_t)
{
    return 1;
}
const char* ZSTD_getErrorName(std::size_t)
{
    return "Zstandard is left out";
}
struct ZstdMemory { // ZSTD_customMem
    void* allocate;
    void* free;
    void* opaque;
};
void* ZSTD_createCStream_advanced(ZstdMemory)
{
    return nullptr;
}
void* ZSTD_createDStream_advanced(ZstdMemory)
{
    return nullptr;
}
std::size_t ZSTD_compress(void*, std::size_t, const void*, std::size_t, int)
{
    return 0;
}
std::size_t ZSTD_decompress(void*, std::size_t, const void*, std::size_t)
{
    return 0;
}
std::size_t ZSTD_CStreamInSize()
{
    return 0;
}
std::size_t ZSTD_DStreamInSize()
{
    return 0;
}
std::size_t ZSTD_initCStream(void*, int)
{
    return 0;
}
std::size_t ZSTD_initDStream(void*)
{
    return 0;
}
std::size_t ZSTD_compressStream2(void*, void*, void*, int)
{
    return 0;
}
std::size_t ZSTD_decompressStream(void*, void*, void*)
{
    return 0;
}
std::size_t ZSTD_flushStream(void*, void*)
{
    return 0;
}
std::size_t ZSTD_endStream(void*, void*)
{
    return 0;
}
std::size_t ZSTD_freeCStream(void*)
{
    return 0;
}
std::size_t ZSTD_freeDStream(void*)
{
    return 0;
}

} // extern "C"
