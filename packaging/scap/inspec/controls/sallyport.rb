# One control for each item of the benchmark; needs root, as sallyportctl does.
require 'json'

benchmark = input('benchmark')
asked = command("sallyportctl compliance --json #{benchmark}")
report = [0, 1].include?(asked.exit_status) ? JSON.parse(asked.stdout) : {}

control 'sallyport-answers' do
  impact 1.0
  title 'sallyportctl judges the configuration'
  describe report do
    it { should include 'items' }
  end
end

report.fetch('items', []).each do |item|
  control "#{benchmark}-#{item['id']}" do
    impact item['severity'] == 'high' ? 0.9 : 0.5
    title item['title']
    desc item['asked']
    desc 'fix', item['change'].to_s
    only_if(item['reason'].to_s) { item['status'] != 'notapplicable' }
    describe item['status'] do
      it { should eq 'pass' }
    end
  end
end
