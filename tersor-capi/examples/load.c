/* Lists the tensors of a Tersor file and the sum of the values of each one.
 *
 *     load FILE [THREADS]
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <tersor.h>

static int fail(const char *action) {
    fprintf(stderr, "%s: %s: %s\n", action, tersor_status_name(tersor_last_error_status()),
            tersor_last_error_message());
    return 1;
}

static int print_tensor(const tersor_reader *reader, size_t index) {
    tersor_tensor_info info;
    if (tersor_tensor_describe(reader, index, &info) != TERSOR_STATUS_OK) {
        return fail("describe");
    }
    printf("%.*s %s [", (int)info.name_len, (const char *)info.name, tersor_dtype_name(info.dtype));
    for (size_t axis = 0; axis < info.rank; axis++) {
        printf("%s%" PRIu64, axis > 0 ? "," : "", info.shape[axis]);
    }
    double *values = malloc(info.element_count * sizeof *values + 1);
    if (values == NULL) {
        fprintf(stderr, "no memory for %" PRIu64 " values\n", info.element_count);
        return 1;
    }
    if (tersor_decode_f64(reader, index, NULL, values, info.element_count) != TERSOR_STATUS_OK) {
        free(values);
        return fail("decode");
    }
    double sum = 0;
    for (uint64_t i = 0; i < info.element_count; i++) {
        sum += values[i];
    }
    free(values);
    printf("] %.17g\n", sum);
    return 0;
}

int main(int argc, char **argv) {
    if (argc < 2) {
        fprintf(stderr, "usage: %s FILE [THREADS]\n", argv[0]);
        return 2;
    }
    tersor_decode_options options = tersor_decode_options_default();
    options.threads = argc > 2 ? (size_t)atoi(argv[2]) : 0;
    tersor_reader *reader;
    if (tersor_open(argv[1], &options, &reader) != TERSOR_STATUS_OK) {
        return fail("open");
    }
    size_t count;
    int result = tersor_tensor_count(reader, &count) == TERSOR_STATUS_OK ? 0 : fail("count");
    for (size_t index = 0; result == 0 && index < count; index++) {
        result = print_tensor(reader, index);
    }
    tersor_reader_free(reader);
    return result;
}
