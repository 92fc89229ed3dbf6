# tests/<folder>/*_test.cpp make one program each folder; tests/fuzz/<name>.cpp one fuzzer each.

if(PORTICO_FUZZ)
    function(portico_fuzzer name)
        add_executable(fuzz_${name} ${PROJECT_SOURCE_DIR}/tests/fuzz/${name}.cpp)
        target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
        target_link_libraries(fuzz_${name} PRIVATE ${ARGN})
    endfunction()
    portico_fuzzer(sasl portico_accounts_pure)
    portico_fuzzer(websocket portico_http_pure)
    portico_fuzzer(query portico_console_pure)
    portico_fuzzer(mime portico_console_pure)
    portico_fuzzer(mbox portico_store_pure)
    foreach(name config smtp pop3 http)
        if(EXISTS ${PROJECT_SOURCE_DIR}/tests/fuzz/${name}.cpp)
            portico_fuzzer(${name} portico_${name}_pure)
        endif()
    endforeach()
    return()
endif()

find_package(GTest REQUIRED)
include(GoogleTest)

function(portico_test name)
    file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/${name}/*_test.cpp)
    if(sources)
        add_executable(test_${name} ${sources})
        target_link_libraries(test_${name} PRIVATE ${ARGN} GTest::gtest_main)
        target_compile_definitions(test_${name} PRIVATE
            PORTICO_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
        gtest_discover_tests(test_${name} DISCOVERY_MODE PRE_TEST PROPERTIES TIMEOUT 120
            XML_OUTPUT_DIR ${PROJECT_BINARY_DIR}/rules) # what tests/rules.py reads
    endif()
endfunction()

portico_test(config portico_config_pure)
portico_test(net portico_net)
portico_test(mail portico_mail)
portico_test(accounts portico_accounts)
portico_test(smtp portico_smtp)
portico_test(pop3 portico_pop3)
portico_test(http portico_http)
portico_test(inspect portico_inspect_pure)
portico_test(mime portico_mime_pure)
portico_test(console portico_console)
portico_test(control portico_control)
portico_test(mailpit portico_mailpit_pure)
portico_test(host portico_host)
portico_test(store portico_store_pure)
portico_test(log portico_log)

# Preloaded into the server by end-to-end tests; never instrumented, as they go before any program.
foreach(name unsynced faults)
    add_library(${name} MODULE ${PROJECT_SOURCE_DIR}/tests/e2e/${name}.cpp)
    set_target_properties(${name} PROPERTIES PREFIX "")
    target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR})
    target_compile_options(${name} PRIVATE -O2 -Wall -Wextra)
endforeach()

# What may know what (style: "What may know what").
find_package(Python3 REQUIRED COMPONENTS Interpreter)
add_test(NAME layers COMMAND ${Python3_EXECUTABLE} ${PROJECT_SOURCE_DIR}/tests/layers.py)
add_test(NAME layers.self-test
    COMMAND ${Python3_EXECUTABLE} ${PROJECT_SOURCE_DIR}/tests/layers.py --self-test)
