#!/bin/sh
# Names what the action keeps. Outputs: `report`, a name that no other job or leg of the run uses, and `key`, whose parts
# are the product (with its repository, workflow, version and leg of a matrix), the run, the job and the attempt.
set -eu
case $UPLOAD_REPORT in
  true | false | '') ;;
  *)
    echo "::error title=shipline::upload-report: expected true or false"
    exit 2
    ;;
esac
case $RECEIPT_KEY in
  true | false)
    echo "::error title=shipline::receipt-key: expected a text, or none to keep no receipt"
    exit 2
    ;;
esac
case $LEG in
  '' | null | '{}') leg= ;; # no matrix; the last as act says it
  *) leg=-$(printf %s "$LEG" | tr -cs 'A-Za-z0-9.' - | sed 's/^-//; s/-$//' | cut -c 1-100) ;;
esac
echo "report=shipline-report-$GITHUB_JOB$leg.html" >>"$GITHUB_OUTPUT"
if [ "$RECEIPT_KEY" != none ] && [ "$JOURNAL_STORE" != git ]; then
  all="$GITHUB_REPOSITORY $GITHUB_WORKFLOW $VERSION $CONFIG $PRODUCT $LEG"
  # A cache's key has no comma and at most 512 characters; the checksum keeps apart what is equal without the rest.
  readable=$(printf %s "$all" | tr -cs 'A-Za-z0-9.' - | cut -c 1-200)
  of_product=shipline-$readable-$(printf %s "$all" | cksum | tr ' ' -)
  {
    echo "of-product=$of_product-"
    echo "of-run=$of_product-$GITHUB_RUN_ID-"
    echo "of-job=$of_product-$GITHUB_RUN_ID-$GITHUB_JOB."
    # With the time: a key is written once, and a job may have several steps for one product.
    echo "key=$of_product-$GITHUB_RUN_ID-$GITHUB_JOB.$GITHUB_RUN_ATTEMPT.$(date +%s)"
  } >>"$GITHUB_OUTPUT"
fi
