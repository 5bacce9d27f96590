# A fresh process for R: Rscript worker.R FOLDER ENGINE TASK REPEATS BUDGET WARM_UP ANSWER
# Reads raw columns, fits, and writes one line per quantity; see worker.py for what is measured.
suppressPackageStartupMessages(library(survival))
arguments <- commandArgs(trailingOnly = TRUE)
folder <- arguments[1]
engine <- arguments[2]
task <- arguments[3]
repeats <- as.integer(arguments[4])
budget <- as.numeric(arguments[5])
warm_up <- as.integer(arguments[6])
answer <- arguments[7]

columns <- read.table(file.path(folder, "columns.txt"), col.names = c("name", "kind"))
read_column <- function(name, kind) {
  file <- file.path(folder, paste0(name, ".", kind))
  size <- if (kind == "f8") 8L else 4L
  what <- if (kind == "f8") "double" else "integer"
  readBin(file, what, file.size(file) / size, size = size, endian = "little")
}
rows <- mapply(read_column, columns$name, columns$kind, SIMPLIFY = FALSE)
rows <- as.data.frame(setNames(rows, columns$name))

covariates <- paste0("x", 1:10)
right_side <- paste(covariates, collapse = " + ")
counting <- as.formula(paste("Surv(start, stop, event) ~", right_side))
lasting <- as.formula(paste("Surv(stop, event) ~", right_side))
control <- coxph.control()

agreg <- function(x, y, init = NULL) {
  survival::agreg.fit(x, y, strata = NULL, offset = NULL, init = init, control = control,
                       weights = NULL, method = "efron", rownames = NULL, resid = FALSE)
}

picks <- NULL
if (task == "bootstrap") {
  shape <- as.integer(readLines(file.path(folder, "picks.txt")))
  picks <- readBin(file.path(folder, "picks.i4"), "integer", prod(shape), endian = "little")
  picks <- matrix(picks, nrow = shape[1], byrow = TRUE) + 1L
}

fit <- function(rows, picks) {
  if (task == "bootstrap") {
    whole <- coxph(counting, rows, ties = "efron")
    x <- as.matrix(rows[covariates])
    y <- with(rows, Surv(start, stop, event))
    members <- split(seq_len(nrow(rows)), rows$cluster)
    drawn <- apply(picks, 1, function(picked) {
      at <- unlist(members[picked], use.names = FALSE)
      agreg(x[at, , drop = FALSE], y[at], coef(whole))$coefficients
    })
    return(list(coefficients = as.vector(drawn), errors = NULL))
  }
  if (engine == "r-core") {
    found <- agreg(as.matrix(rows[covariates]), with(rows, Surv(start, stop, event)))
    return(list(coefficients = found$coefficients, errors = NULL))
  }
  if (startsWith(task, "cox")) {
    found <- coxph(counting, rows, cluster = cluster, ties = "efron")
    return(list(coefficients = coef(found), errors = sqrt(diag(found$var))))
  }
  distribution <- strsplit(task, "-")[[1]][2]
  found <- survreg(lasting, rows, dist = distribution, cluster = cluster)
  errors <- sqrt(diag(found$var))
  order <- c(2:11, 1, 12)
  list(coefficients = c(coef(found), log(found$scale))[order], errors = errors[order])
}

status <- function(field) {
  lines <- readLines("/proc/self/status")
  as.numeric(gsub("[^0-9]", "", grep(paste0("^", field, ":"), lines, value = TRUE))) / 1024
}
timed <- function() {
  began <- Sys.time()
  found <- fit(rows, picks)
  list(seconds = as.numeric(difftime(Sys.time(), began, units = "secs")), found = found)
}

few <- rows[seq_len(min(warm_up, nrow(rows))), ]
few_picks <- NULL
if (task == "bootstrap") {
  clusters <- length(unique(few$cluster))
  few_picks <- matrix(rep(seq_len(clusters), 3), nrow = 3, byrow = TRUE)
}
invisible(fit(few, few_picks))
rm(few)
invisible(gc())

has_status <- file.exists("/proc/self/status")
before <- NA
peak <- NA
if (has_status) {
  cat("5", file = "/proc/self/clear_refs")
  before <- status("VmRSS")
}
first <- timed()
if (has_status) peak <- max(status("VmHWM") - before, 0)
seconds <- first$seconds
while (length(seconds) < repeats && sum(seconds) < budget) {
  invisible(gc())
  seconds <- c(seconds, timed()$seconds)
}

line <- function(name, values) paste(c(name, sprintf("%.17g", as.numeric(values))), collapse = " ")
writeLines(c(
  line("seconds", seconds),
  line("data_mib", before),
  line("peak_mib", peak),
  line("coefficients", first$found$coefficients),
  if (!is.null(first$found$errors)) line("errors", first$found$errors),
  paste("version R", paste(R.version$major, R.version$minor, sep = ".")),
  paste("version R-survival", as.character(packageVersion("survival")))
), answer)
